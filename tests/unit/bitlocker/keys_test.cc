// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/keys.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/fve_builder.h"

namespace mend::bitlocker {
namespace {

using test::FveVolume;

// From the documentation of libbde; each group divided by 11 is a word.
constexpr std::string_view kGood = "471207-278498-422125-177177-561902-537405-468006-693451";
constexpr std::array<uint16_t, 8> kWords = {42837, 25318, 38375, 16107, 51082, 48855, 42546, 63041};

ByteVector expected_words() {
  ByteVector bytes(16);
  for (size_t i = 0; i < 8; ++i) write_le<uint16_t>(bytes, 2 * i, kWords[i]);
  return bytes;
}

struct Failure {
  std::string id, text;
};
Failure failure_of(std::string_view text) {
  try {
    (void)RecoveryPassword::parse(text);
    return {};
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    return {error.id(), error.what()};
  }
}

TEST_CASE("A recovery password gives its eight words, however it is written", "[bitlocker]") {
  std::string digits;
  for (const char c : kGood)
    if (c != '-') digits += c;
  std::string full_width, en_dashes, spaces(kGood);
  for (const char c : digits) full_width += std::string("\xEF\xBC") + static_cast<char>(0x90 + (c - '0'));
  for (const char c : kGood) en_dashes += c == '-' ? std::string("\xE2\x80\x93") : std::string(1, c);
  std::replace(spaces.begin(), spaces.end(), '-', ' ');
  for (const std::string& text :
       {std::string(kGood), digits, spaces, en_dashes, full_width, digits + "\r\n", std::string(kGood) + "\n",
        "\xEF\xBB\xBF" + std::string(kGood), "\"" + std::string(kGood) + "\"",
        "  " + std::string(kGood) + "\t", std::string(kGood).replace(6, 1, " - "),
        std::string(kGood).replace(6, 1, "\xE2\x88\x92")}) {
    const RecoveryPassword password = RecoveryPassword::parse(text);
    CHECK(equal(password.key_words(), expected_words()));
    CHECK(equal(password.clone().key_words(), expected_words()));
  }
}

TEST_CASE("K-2: the message names the group that is wrong", "[bitlocker]") {
  for (size_t group = 0; group < 8; ++group) {
    for (size_t place = 0; place < 6; ++place) {
      std::string text(kGood);
      char& digit = text[group * 7 + place];
      digit = static_cast<char>(digit == '9' ? '0' : digit + 1);  // one digit off is never a multiple of 11
      const Failure failure = failure_of(text);
      CHECK(failure.id == "bitlocker.recovery.group");
      CHECK(failure.text.find("group " + std::to_string(group + 1) + " ") != std::string::npos);
    }
  }
  CHECK(failure_of("471208-278498-422125-177177-561902-537405-468006-693452").text.find("group 1, 8 ") !=
        std::string::npos);
}

TEST_CASE("K-2: a group of 720896 or more is wrong though 11 divides it", "[bitlocker]") {
  std::string text(kGood);
  CHECK(failure_of(text.replace(0, 6, "720885")).id.empty());  // 65535 × 11
  CHECK(failure_of(text.replace(0, 6, "720896")).id == "bitlocker.recovery.group");
  CHECK(failure_of(text.replace(0, 6, "999999")).id == "bitlocker.recovery.group");
  CHECK(failure_of(text.replace(0, 6, "000000")).id.empty());
}

TEST_CASE("A password cut at any length, or too long, says how many digits there are", "[bitlocker]") {
  for (size_t length = 0; length < kGood.size(); ++length) {
    const Failure failure = failure_of(kGood.substr(0, length));
    CHECK((failure.id == "bitlocker.recovery.length" || failure.id == "bitlocker.recovery.group_length"));
  }
  CHECK(failure_of(std::string(kGood) + "1").text.find("group 8 of the recovery password has 7 digits") !=
        std::string::npos);
  CHECK(failure_of(std::string(kGood) + "-000000").text.find("54 digits") != std::string::npos);
  CHECK(failure_of(std::string(100000, '0')).text.find("100000 digits") != std::string::npos);
  CHECK(failure_of("47120-278498-422125-177177-561902-537405-468006-693451").text.find("group 1 ") !=
        std::string::npos);
}

TEST_CASE("Anything but digits and separators is refused", "[bitlocker]") {
  for (const std::string& foreign :
       {std::string("x"), std::string("O"), std::string("\xFF"), std::string("\xC3"), std::string("\xE2\x82"),
        std::string("\0", 1), std::string("\xF0\x9F\x94\x91")}) {
    std::string text(kGood);
    const Failure failure = failure_of(text.insert(10, foreign));
    CHECK(failure.id == "bitlocker.recovery.character");
    CHECK(failure.text.find("after digit 9") != std::string::npos);
  }
}

TEST_CASE("K-1: no message gives digits of the password away", "[bitlocker]") {
  for (const std::string& text :
       {std::string("471208-278498-422125-177177-561902-537405-468006-693451"), std::string(kGood) + "7",
        std::string(kGood).replace(3, 1, "x"), std::string(kGood).substr(0, 50)}) {
    const Failure failure = failure_of(text);
    REQUIRE_FALSE(failure.id.empty());
    for (size_t at = 0; at + 4 <= kGood.size(); ++at)
      CHECK(failure.text.find(std::string(kGood.substr(at, 4))) == std::string::npos);
  }
}

TEST_CASE("A startup key is read in both forms of the file", "[bitlocker]") {
  const FveVolume volume;
  const ByteVector old_form = volume.startup_file(false), new_form = volume.startup_file(true);
  CHECK(old_form.size() == 156);
  CHECK(new_form.size() == 180);
  for (const ByteVector& file : {old_form, new_form}) {
    CHECK(looks_like_startup_key(file));
    const StartupKey key = StartupKey::parse(file);
    CHECK(key.key_id() == FveVolume::startup_id());
    CHECK(key.key().size() == 32);
    CHECK(equal(key.key(), Bytes(file).last(32)));
    CHECK(equal(key.clone().key(), key.key()));
    ByteVector padded = file;
    padded.resize(4096);
    CHECK(equal(StartupKey::parse(padded).key(), key.key()));
  }
  CHECK_FALSE(StartupKey::parse(old_form).volume_guid());
  CHECK(StartupKey::parse(new_form).volume_guid() == FveVolume::volume_guid());
}

TEST_CASE("A startup key cut at any length is refused", "[bitlocker]") {
  const ByteVector file = FveVolume().startup_file(true);
  for (size_t length = 0; length < file.size(); ++length) {
    ByteVector cut(file.begin(), file.begin() + static_cast<ptrdiff_t>(length));
    CHECK_THROWS_AS(StartupKey::parse(cut), Error);
    if (length < 16) continue;
    write_le<uint32_t>(cut, 0, static_cast<uint32_t>(length));  // and when its header knows
    write_le<uint32_t>(cut, 12, static_cast<uint32_t>(length));
    CHECK_THROWS_AS(StartupKey::parse(cut), Error);
  }
}

TEST_CASE("A startup key with any bit flipped gives a key or a usage error", "[bitlocker]") {
  ByteVector file = FveVolume().startup_file(true);
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    file[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    try {
      const StartupKey key = StartupKey::parse(file);
      CHECK(key.key().size() == 32);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUsage);
    }
    file[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
  }
}

TEST_CASE("Files that are no startup keys are told apart", "[bitlocker]") {
  CHECK_FALSE(looks_like_startup_key({}));
  CHECK_FALSE(looks_like_startup_key(as_bytes("DeviceName,RecoveryKey")));
  CHECK_FALSE(looks_like_startup_key(ByteVector(156)));
  CHECK_THROWS_AS(StartupKey::parse(ByteVector(StartupKey::kMaximumFileBytes + 1)), Error);
}

}  // namespace
}  // namespace mend::bitlocker
