// SPDX-License-Identifier: GPL-3.0-or-later
// Our conversions against the C library's.
#include <iconv.h>

#include <cerrno>
#include <random>

#include "base/text.h"
#include "tests/support/catch.h"
#include "windows/recode.h"

using namespace mend;
using windows::Recode;
using windows::RecodeEnd;

namespace {

struct Result {
  RecodeEnd end;
  ByteVector out;
  size_t left;  // bytes of input not taken
  // Whether a broken character at the end is wrong or cut off may be told differently; hivex does not ask.
  bool operator==(const Result& other) const {
    const auto broken = [](RecodeEnd how) {
      return how == RecodeEnd::kInvalid || how == RecodeEnd::kIncomplete;
    };
    return out == other.out && left == other.left && (end == other.end || (broken(end) && broken(other.end)));
  }
};

Result ours(Recode how, Bytes in, size_t room) {
  ByteVector out(room);
  MutableBytes rest(out);
  const RecodeEnd end = windows::recode(how, in, rest);
  out.resize(room - rest.size());
  return {end, out, in.size()};
}

Result theirs(const char* to, const char* from, Bytes in, size_t room) {
  const iconv_t handle = ::iconv_open(to, from);
  REQUIRE(handle != reinterpret_cast<iconv_t>(-1));
  ByteVector copy(in.begin(), in.end()), out(room + 1);  // never null, which iconv asserts
  char* source = reinterpret_cast<char*>(copy.data());
  char* target = reinterpret_cast<char*>(out.data());
  size_t source_left = copy.size(), target_left = room;
  RecodeEnd end = RecodeEnd::kDone;
  if (::iconv(handle, &source, &source_left, &target, &target_left) == static_cast<size_t>(-1)) {
    end = errno == E2BIG    ? RecodeEnd::kOutputFull
          : errno == EINVAL ? RecodeEnd::kIncomplete
                            : RecodeEnd::kInvalid;
  }
  ::iconv_close(handle);
  out.resize(room - target_left);
  return {end, out, source_left};
}

struct Pair {
  Recode how;
  const char *to, *from;
};
constexpr Pair kPairs[] = {{Recode::kLatin1ToUtf8, "UTF-8", "LATIN1"},
                           {Recode::kUtf8ToLatin1, "LATIN1", "UTF-8"},
                           {Recode::kUtf16leToUtf8, "UTF-8", "UTF-16LE"},
                           {Recode::kUtf8ToUtf16le, "UTF-16LE", "UTF-8"}};

}  // namespace

TEST_CASE("hivex's four conversions are known by name, and no others", "[windows]") {
  for (const Pair& pair : kPairs) CHECK(windows::find_recode(pair.to, pair.from) == pair.how);
  CHECK(!windows::find_recode("UTF-8", "UTF-8"));
  CHECK(!windows::find_recode("UTF-16", "UTF-8"));
}

TEST_CASE("Names of any script convert as the C library converts them, into any room", "[windows]") {
  const std::string texts[] = {
      "",      "ComputerName", "Straße", "Ελλάδα",   "日本語", "\xf0\x9f\x94\xa7 tool",
      "a\xc3", "\xe2\x82",     "\xff",   "\xc0\xaf", "ÿĀ"};
  for (const std::string& text : texts) {
    for (const Pair& pair : {kPairs[1], kPairs[3]}) {
      for (size_t room = 0; room < 40; ++room) {
        INFO(to_hex(as_bytes(text)) << " to " << pair.to << " in " << room);
        CHECK(ours(pair.how, as_bytes(text), room) == theirs(pair.to, pair.from, as_bytes(text), room));
      }
    }
  }
}

TEST_CASE("Random bytes convert as the C library converts them", "[windows]") {
  std::mt19937 random(7);
  for (int round = 0; round < 4000; ++round) {
    ByteVector bytes(random() % 12);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    const Pair& pair = kPairs[static_cast<size_t>(round) % 4];
    // Surrogates have a test of their own.
    for (uint8_t& byte : bytes) byte = byte == 0xed ? uint8_t{0xee} : byte;
    if (pair.how == Recode::kUtf16leToUtf8) {
      for (size_t i = 1; i < bytes.size(); i += 2) {
        if ((bytes[i] & 0xf8) == 0xd8) bytes[i] = 0x20;
      }
    }
    INFO(to_hex(bytes) << " to " << pair.to);
    CHECK(ours(pair.how, bytes, 64) == theirs(pair.to, pair.from, bytes, 64));
  }
}

TEST_CASE("An unpaired surrogate becomes what base/text.h makes of it, and a pair one character",
          "[windows]") {
  for (const std::u16string& text :
       {std::u16string(u"a\xd800"), std::u16string(u"\xdc00z"), std::u16string(u"\xd83d\xdd27"),
        std::u16string(u"\xd800\xd800\xdc00")}) {
    const Result result = ours(Recode::kUtf16leToUtf8, utf16_to_le(text), 64);
    CHECK(result.end == RecodeEnd::kDone);
    CHECK(std::string(as_text(result.out)) == to_utf8(text));
  }
  CHECK(ours(Recode::kUtf16leToUtf8, from_hex("41 00 42"), 64).end == RecodeEnd::kIncomplete);
}
