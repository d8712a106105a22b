// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/recode.h"

#include <algorithm>
#include <array>

namespace mend::windows {
namespace {

struct Character {
  uint32_t code = 0;
  size_t bytes_read = 0;
  RecodeEnd end = RecodeEnd::kDone;
};

Character read_utf16le(Bytes in) {
  if (in.size() < 2) return {.end = RecodeEnd::kIncomplete};
  const uint32_t high = read_le<uint16_t>(in, 0);
  if (high < 0xd800 || high > 0xdbff || in.size() < 4) return {.code = high, .bytes_read = 2};
  const uint32_t low = read_le<uint16_t>(in, 2);
  if (low < 0xdc00 || low > 0xdfff) return {.code = high, .bytes_read = 2};
  return {.code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), .bytes_read = 4};
}

Character read_utf8(Bytes in) {
  const uint8_t first = in[0];
  if (first < 0x80) return {.code = first, .bytes_read = 1};
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return {.end = RecodeEnd::kInvalid};
  uint32_t code = first & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if (i >= in.size()) return {.end = RecodeEnd::kIncomplete};
    if ((in[i] & 0xc0) != 0x80) return {.end = RecodeEnd::kInvalid};
    code = code << 6 | (in[i] & 0x3fU);
  }
  constexpr std::array<uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10ffff) return {.end = RecodeEnd::kInvalid};
  return {.code = code, .bytes_read = length};
}

// The bytes of one character; nothing: it has none in the target.
struct Encoded {
  std::array<uint8_t, 4> bytes{};
  size_t size = 0;
  void add(uint32_t byte) { bytes[size++] = static_cast<uint8_t>(byte); }
};

Encoded write_utf8(uint32_t code) {
  Encoded out;
  if (code < 0x80) {
    out.add(code);
  } else if (code < 0x800) {
    out.add(0xc0 | code >> 6), out.add(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out.add(0xe0 | code >> 12), out.add(0x80 | (code >> 6 & 0x3f)), out.add(0x80 | (code & 0x3f));
  } else {
    out.add(0xf0 | code >> 18), out.add(0x80 | (code >> 12 & 0x3f));
    out.add(0x80 | (code >> 6 & 0x3f)), out.add(0x80 | (code & 0x3f));
  }
  return out;
}

Encoded write_utf16le(uint32_t code) {
  Encoded out;
  const auto unit = [&](uint32_t value) { out.add(value & 0xff), out.add(value >> 8); };
  if (code < 0x10000) {
    unit(code);
  } else {
    unit(0xd800 + ((code - 0x10000) >> 10)), unit(0xdc00 + ((code - 0x10000) & 0x3ff));
  }
  return out;
}

Encoded write_latin1(uint32_t code) {
  Encoded out;
  if (code < 0x100) out.add(code);
  return out;
}

Character read_one(Recode how, Bytes in) {
  switch (how) {
    case Recode::kLatin1ToUtf8:
      return {.code = in[0], .bytes_read = 1};
    case Recode::kUtf16leToUtf8:
      return read_utf16le(in);
    case Recode::kUtf8ToLatin1:
    case Recode::kUtf8ToUtf16le:
      break;
  }
  return read_utf8(in);
}

Encoded write_one(Recode how, uint32_t code) {
  if (how == Recode::kUtf8ToUtf16le) return write_utf16le(code);
  return how == Recode::kUtf8ToLatin1 ? write_latin1(code) : write_utf8(code);
}

}  // namespace

std::optional<Recode> find_recode(std::string_view to, std::string_view from) {
  if (to == "UTF-8" && from == "LATIN1") return Recode::kLatin1ToUtf8;
  if (to == "LATIN1" && from == "UTF-8") return Recode::kUtf8ToLatin1;
  if (to == "UTF-8" && from == "UTF-16LE") return Recode::kUtf16leToUtf8;
  if (to == "UTF-16LE" && from == "UTF-8") return Recode::kUtf8ToUtf16le;
  return std::nullopt;
}

RecodeEnd recode(Recode how, Bytes& in, MutableBytes& out) {
  while (!in.empty()) {
    const Character character = read_one(how, in);
    if (character.end != RecodeEnd::kDone) return character.end;
    if (out.empty()) return RecodeEnd::kOutputFull;
    const Encoded encoded = write_one(how, character.code);
    if (encoded.size == 0) return RecodeEnd::kInvalid;
    if (encoded.size > out.size()) return RecodeEnd::kOutputFull;
    std::copy_n(encoded.bytes.begin(), encoded.size, out.begin());
    in = in.subspan(character.bytes_read);
    out = out.subspan(encoded.size);
  }
  return RecodeEnd::kDone;
}

}  // namespace mend::windows
