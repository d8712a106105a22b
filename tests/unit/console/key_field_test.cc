// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/key_field.h"

#include "base/text.h"
#include "tests/support/catch.h"

namespace mend::console {
namespace {

using screen::Key;
using screen::KeyCode;
using Group = KeyField::Group;
using Taken = KeyField::Taken;

// No real key: eight groups that follow the rule.
constexpr std::string_view kKey = "111111222222333333444444555555666666000011000022";

class Typist {
 public:
  Taken press(const Key& key) { return field.take(key); }
  Taken press(KeyCode code) { return press(Key{code, 0, 0, {}}); }
  Taken type(std::string_view utf8) {
    Taken last = Taken::kNo;
    for (size_t at = 0; at < utf8.size();) {
      const DecodedCharacter decoded = decode_utf8(utf8, at);
      at += decoded.length;
      last = press(Key{KeyCode::kCharacter, decoded.code_point, 0, {}});
    }
    return last;
  }

  KeyField field;
};

std::string grouped(std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < 8; ++i)
    text += (i == 0 ? "" : std::string(separator)) + std::string(kKey.substr(i * 6, 6));
  return text;
}

TEST_CASE("48 digits are taken in a row and with any separators", "[console]") {
  for (const std::string_view separator : {"", "-", " ", " - ", "_", ".", "/"}) {
    CAPTURE(separator);
    Typist typist;
    typist.type(grouped(separator));
    CHECK(typist.field.complete());
    CHECK(typist.field.text().text() == kKey);
    CHECK(typist.press(KeyCode::kEnter) == Taken::kSubmitted);
  }
}

TEST_CASE("the top row of a French keyboard needs no Shift", "[console]") {
  // The groups 666666 and 000011 in French: '-' is the key of the 6 there.
  Typist typist;
  typist.type("&&&&&&éééééé\"\"\"\"\"\"''''''((((((------àààà&&ààààéé");
  CHECK(typist.field.complete());
  CHECK(typist.field.text().text() == kKey);
}

TEST_CASE("'-' at the very start is a French 6, since no separator stands there", "[console]") {
  Typist typist;
  typist.type("------");
  CHECK(typist.field.group(0) == Group::kRight);
}

TEST_CASE("a group is checked as soon as it is complete", "[console]") {
  Typist typist;
  typist.type("111111");
  CHECK(typist.field.group(0) == Group::kRight);
  typist.type("222221");
  CHECK(typist.field.group(1) == Group::kWrong);
  CHECK(typist.field.wrong_group() == 2);
  typist.type("720896");  // a multiple of 11, but its eleventh is no 16-bit number
  CHECK(typist.field.group(2) == Group::kWrong);
}

TEST_CASE("a wrong group is corrected without typing the others again", "[console]") {
  Typist typist;
  typist.type("111111222221333333444444555555666666000011000022");
  CHECK(typist.field.current() == 1);  // it leads back there
  CHECK(typist.press(KeyCode::kEnter) == Taken::kYes);
  CHECK(typist.field.current() == 1);
  typist.type("222222");
  CHECK(typist.press(KeyCode::kEnter) == Taken::kSubmitted);
  CHECK(typist.field.text().text() == kKey);
}

TEST_CASE("a group that is too short is named when it is left", "[console]") {
  Typist typist;
  typist.type("11111-222222");
  CHECK(typist.field.wrong_group() == 1);
  typist.press(KeyCode::kHome);
  typist.type("1");
  CHECK(typist.field.group(0) == Group::kRight);
}

TEST_CASE("KE-2: what means nothing changes nothing", "[console]") {
  Typist typist;
  typist.type("abcxyz");
  CHECK(typist.field.empty());
  typist.type(kKey);
  typist.type("999qQ -");
  CHECK(typist.press(KeyCode::kUp) == Taken::kNo);
  CHECK(typist.field.text().text() == kKey);
  typist.press(KeyCode::kBackspace);
  CHECK(!typist.field.complete());
  typist.type("2");
  CHECK(typist.field.complete());
}

TEST_CASE("KE-3: a scanner's 48 digits replace what was typed before", "[console]") {
  for (const std::string_view before : {"", "1", "123", "123456", "111111222222333333444444111112",
                                        "111111222222333333444444555555666666000011000000"}) {
    for (const std::string_view separator : {"", "-"}) {
      CAPTURE(before);
      Typist typist;
      typist.type(before);
      typist.type(grouped(separator));
      CHECK(typist.field.text().text() == kKey);
      CHECK(typist.press(KeyCode::kEnter) == Taken::kSubmitted);
    }
  }
}

TEST_CASE("KE-1: what is hidden shows its length only", "[console]") {
  Typist typist;
  typist.type("1111");
  CHECK(typist.field.shown(0, false) == "****__");
  CHECK(typist.field.shown(0, true) == "1111__");
  typist.field.set_form(KeyField::Form::kPassword);
  typist.type("gr\xC3\xBC\xC3\x9F");
  CHECK(typist.field.shown_password(false) == "****");
  CHECK(typist.field.text().text() == "gr\xC3\xBC\xC3\x9F");
  typist.press(KeyCode::kBackspace);
  CHECK(typist.field.text().text() == "gr\xC3\xBC");
  typist.field.set_form(KeyField::Form::kDigits);
  CHECK(typist.field.shown(0, true) == "1111__");  // nothing was lost
  typist.field.clear();
  CHECK(typist.field.empty());
}

TEST_CASE("a password has at most 256 characters", "[console]") {
  Typist typist;
  typist.field.set_form(KeyField::Form::kPassword);
  CHECK(typist.press(KeyCode::kEnter) == Taken::kYes);  // nothing to submit
  for (int i = 0; i < 300; ++i) typist.type("\xF0\x9F\x94\x91");
  CHECK(typist.field.text().size() == 4 * KeyField::kLongestPassword);
  CHECK(typist.press(KeyCode::kEnter) == Taken::kSubmitted);
}

}  // namespace
}  // namespace mend::console
