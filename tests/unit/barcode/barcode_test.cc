// SPDX-License-Identifier: GPL-3.0-or-later
// What the symbols look like to a scanner is tested end to end, by zbar.
#include <numeric>
#include <string>

#include "barcode/code128.h"
#include "barcode/qr.h"
#include "base/error.h"
#include "tests/support/catch.h"

namespace mend::barcode {
namespace {

std::string widths(std::string_view text) {
  std::string out;
  for (const uint8_t width : code128(text)) out += static_cast<char>('0' + width);
  return out;
}

TEST_CASE("Code 128 writes digits two by two, other text letter by letter, and checks both", "[barcode]") {
  // Start C, 12, 34, check (105 + 12 + 2 * 34) mod 103 = 82, stop.
  CHECK(widths("1234") ==
        "211232"
        "112232"
        "131123"
        "121241"
        "2331112");
  // Start B, P (48), J (42), check (104 + 48 + 2 * 42) mod 103 = 30, stop.
  CHECK(widths("PJ") ==
        "211214"
        "313121"
        "112133"
        "212123"
        "2331112");
  CHECK(widths("123").substr(0, 6) == "211214");
  for (const std::string& text : {std::string(48, '7'), std::string("PC-01 ~")}) {
    const auto symbol = code128(text);
    const size_t symbols = text.size() / (text[0] == '7' ? 2 : 1) + 2;  // with start and check
    CHECK(std::accumulate(symbol.begin(), symbol.end(), size_t{0}) == symbols * 11 + 13);
    CHECK(symbol.size() % 2 == 1);  // begins and ends with a bar
  }
}

TEST_CASE("What Code 128 cannot write is refused, and not shown", "[barcode]") {
  for (const char* text : {"", "\n", "\xc3\xbc", "secret\x7f"}) {
    try {
      code128(text);
      FAIL("taken");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("secret") == std::string::npos);
    }
  }
}

TEST_CASE("A QR code has its finder patterns, and digits take the least room", "[barcode]") {
  const QrCode code(std::string(48, '7'), Correction::kMedium);
  CHECK(code.modules() == 25);
  for (const auto& [x, y] : {std::pair{0, 0}, std::pair{18, 0}, std::pair{0, 18}}) {
    for (int i = 0; i < 7; ++i) CHECK((code.dark(x + i, y) && code.dark(x, y + i)));
    CHECK_FALSE(code.dark(x + 1, y + 1));
  }
  CHECK_FALSE(code.dark(-1, 0));
  CHECK_FALSE(code.dark(0, 25));
  CHECK(QrCode(std::string(48, 'x'), Correction::kMedium).modules() > 25);
  CHECK(QrCode(std::string(1000, '7'), Correction::kLow).modules() > 0);
  CHECK_THROWS_AS(QrCode("", Correction::kLow), Error);
  CHECK_THROWS_AS(QrCode(std::string(1001, '7'), Correction::kLow), Error);
  CHECK_THROWS_AS(QrCode(std::string(2, '\0'), Correction::kLow), Error);
}

}  // namespace
}  // namespace mend::barcode
