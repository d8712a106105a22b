// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/text.h"

#include "base/error.h"
#include "tests/support/catch.h"

namespace mend {
namespace {

TEST_CASE("UTF-16 and UTF-8 lead to each other in every script", "[base]") {
  const std::pair<std::u16string, std::string> pairs[] = {
      {u"", ""},
      {u"Windows", "Windows"},
      {u"anaconda\u00a3", "anaconda\xc2\xa3"},
      {u"\u0416\u6f22\u0939", "\xd0\x96\xe6\xbc\xa2\xe0\xa4\xb9"},
      {u"\U0001F600", "\xf0\x9f\x98\x80"},
      {u"\U0010FFFF", "\xf4\x8f\xbf\xbf"},
      {u"\uFFFF", "\xef\xbf\xbf"},
      {std::u16string(1, u'\0') + u"a", std::string(1, '\0') + "a"},
  };
  for (const auto& [wide, narrow] : pairs) {
    CAPTURE(narrow);
    CHECK(to_utf8(wide) == narrow);
    CHECK(to_utf16(narrow) == wide);
  }
}

TEST_CASE("every 16-bit unit, also an unpaired surrogate, survives the way to UTF-8 and back", "[base]") {
  size_t wrong = 0;
  for (uint32_t unit = 0; unit < 0x10000; ++unit) {
    const std::u16string alone(1, static_cast<char16_t>(unit));
    const std::u16string between = u"a" + alone + u"b";
    if (to_utf16(to_utf8(alone)) != alone || to_utf16(to_utf8(between)) != between) ++wrong;
  }
  CHECK(wrong == 0);
  const std::u16string reversed = {char16_t{0xDC00}, char16_t{0xD800}};  // low before high: two lone ones
  CHECK(to_utf8(reversed) == "\xed\xb0\x80\xed\xa0\x80");
  CHECK(to_utf16(to_utf8(reversed)) == reversed);
}

TEST_CASE("what is not UTF-8 is refused with its place", "[base]") {
  const std::string_view wrong[] = {
      "\x80",
      "\xbf",
      "\xc0\x80",
      "\xc1\xbf",
      "\xc3",
      "\xc3(",
      "\xe0\x80\x80",
      "\xe2\x82",
      "\xe2(\xac",
      "\xf0\x80\x80\x80",
      "\xf0\x9f\x98",
      "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80",
      "\xfe",
      "\xff",
  };
  for (std::string_view text : wrong) {
    CAPTURE(to_hex(as_bytes(text)));
    CHECK_THROWS_AS(to_utf16(text), Error);
    try {
      to_utf16("ok " + std::string(text));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUsage);
      CHECK(error.what() == std::string("not UTF-8 at byte 4"));
    }
  }
}

TEST_CASE("little-endian units lead to text and back; an odd byte is corrupt", "[base]") {
  const ByteVector bytes = from_hex("4100a30016041fd800de");
  const std::u16string text = utf16_from_le(bytes);
  CHECK(text.size() == 5);
  CHECK(text[2] == u'\u0416');
  CHECK(utf16_to_le(text) == bytes);
  CHECK(utf16_from_le({}).empty());
  CHECK_THROWS_AS(utf16_from_le(from_hex("410042")), Error);
}

TEST_CASE("printable leaves text as it is and shows what a terminal would act on", "[base]") {
  CHECK(printable("Windows\\System32 \xd0\x96 \xe6\xbc\xa2 \xf0\x9f\x98\x80") ==
        "Windows\\System32 \xd0\x96 \xe6\xbc\xa2 \xf0\x9f\x98\x80");
  CHECK(printable("a\x1b[31m\r\nb\tc\x7f") == "a\\u{1b}[31m\\u{d}\\u{a}b\\u{9}c\\u{7f}");
  CHECK(printable(std::string("a\0b", 3)) == "a\\u{0}b");
  CHECK(printable("\xc2\x9b") == "\\u{9b}");        // CSI of C1
  CHECK(printable("\xe2\x80\xae") == "\\u{202e}");  // right-to-left override
  CHECK(printable("\xe2\x81\xa6\xe2\x80\x8b") == "\\u{2066}\\u{200b}");
  CHECK(printable("\xef\xbb\xbf") == "\\u{feff}");
  CHECK(printable("\xed\xa0\x80") == "\\u{d800}");  // a lone surrogate of a name
  CHECK(printable("a\xff\xc3") == "a\\xff\\xc3");
  CHECK(printable("").empty());
}

TEST_CASE("printable output is one line of UTF-8, whatever the bytes, and does not change again", "[base]") {
  uint32_t state = 12345;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
      state = state * 1664525 + 1013904223;
      text.push_back(static_cast<char>(state >> 24));
    }
    const std::string shown = printable(text);
    REQUIRE_NOTHROW(to_utf16(shown));
    REQUIRE(printable(shown) == shown);
    for (char c : shown) REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  }
}

TEST_CASE("ASCII helpers leave other bytes alone", "[base]") {
  CHECK(lower_ascii("AbZ[@`\xc3\x84") == "abz[@`\xc3\x84");
  CHECK(trim_ascii(" \t\r\na b \n") == "a b");
  CHECK(trim_ascii(" \n ").empty());
  CHECK(trim_ascii("").empty());
  CHECK(trim_ascii("x") == "x");
}

}  // namespace
}  // namespace mend
