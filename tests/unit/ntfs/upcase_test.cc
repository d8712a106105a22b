// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/upcase.h"

#include <random>

#include "base/text.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

// A small table of our own: ASCII and Cyrillic.
Upcase small_table() {
  ByteVector bytes(2 * Upcase::kEntries);
  for (size_t i = 0; i < Upcase::kEntries; ++i) {
    size_t to = i;
    if (i >= 'a' && i <= 'z') to = i - 32;
    if (i >= 0x430 && i <= 0x44f) to = i - 32;
    write_le<uint16_t>(bytes, 2 * i, static_cast<uint16_t>(to));
  }
  return Upcase(bytes);
}

// The plain definition, by recursion.
bool matches_by_definition(std::u16string_view pattern, std::u16string_view name, const Upcase& upcase) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == u'*')
    return matches_by_definition(pattern.substr(1), name, upcase) ||
           (!name.empty() && matches_by_definition(pattern, name.substr(1), upcase));
  return !name.empty() && (pattern[0] == u'?' || upcase.fold(pattern[0]) == upcase.fold(name[0])) &&
         matches_by_definition(pattern.substr(1), name.substr(1), upcase);
}

}  // namespace

TEST_CASE("Names compare by the volume's table, unit by unit, the shorter first", "[ntfs]") {
  const Upcase table = small_table();
  CHECK(table.equal(u"Drivers", u"dRIVERS"));
  CHECK(table.equal(u"\u0444\u0430\u0439\u043b", u"\u0424\u0410\u0419\u041b"));
  CHECK_FALSE(table.equal(u"\u00e4", u"\u00c4"));  // not in this table
  CHECK(table.compare(u"a", u"B") < 0);
  CHECK(table.compare(u"Z", u"_") < 0);  // `_` lies after the capitals, before the small letters
  CHECK(table.compare(u"z", u"_") < 0);
  CHECK(table.compare(u"ab", u"abc") < 0);
  const std::u16string lone_surrogate(1, char16_t{0xd800});
  CHECK(table.compare(lone_surrogate, u"\uffff") < 0);
  const auto le = [](std::u16string_view text) { return utf16_to_le(text); };
  CHECK(table.compare_le(le(u"c-00000291-a.sys"), table.fold(u"C-00000291-A.SYS")) == 0);
  CHECK(table.compare_le(le(u"C-00000290"), table.fold(u"c-00000291")) < 0);
  CHECK(table.compare_le(le(u"longer name here"), le(u"LONGER NAME HERE, and more")) < 0);
  CHECK(table.compare_le(le(u"longer name herf"), le(u"LONGER NAME HERE, and more")) > 0);
}

TEST_CASE("NU-1: a short table maps the rest to itself; a wrong one is refused", "[ntfs]") {
  ByteVector bytes(256);
  for (size_t i = 0; i < 128; ++i)
    write_le<uint16_t>(bytes, 2 * i, static_cast<uint16_t>(i >= 'a' && i <= 'z' ? i - 32 : i));
  CHECK(Upcase(bytes).fold(u'x') == u'X');
  CHECK(Upcase(bytes).fold(u'\u0444') == u'\u0444');
  CHECK(Upcase(bytes).fold(u'\uffff') == u'\uffff');
  bytes[2 * 'q'] = 'q';
  CHECK(id_of_error([&] { Upcase{Bytes(bytes)}; }) == "ntfs.upcase.letters");
  CHECK(id_of_error([&] { Upcase{Bytes(bytes).first(255)}; }) == "ntfs.upcase.size");
  CHECK(id_of_error([] { Upcase{ByteVector(2 * Upcase::kEntries + 2)}; }) == "ntfs.upcase.size");
}

TEST_CASE("The table that mkntfs writes folds what Windows folds", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  VolumeBuilder builder;
  const Upcase& table = builder.volume().upcase();
  CHECK(table.equal(u"\u00e4\u00e9\u0444\u03b1", u"\u00c4\u00c9\u0424\u0391"));
  CHECK(table.fold(u'\u00df') == u'\u00df');  // sharp s has no capital of one unit
  CHECK(table.fold(u'\u0131') == u'\u0131');  // nor has the dotless i
}

TEST_CASE("Patterns: stars, question marks and literals in one component", "[ntfs]") {
  const Upcase table = small_table();
  const auto matches = [&](std::u16string_view pattern, std::u16string_view name) {
    const NamePattern compiled(pattern, table);
    const bool result = compiled.matches(name);
    if (compiled.matches_le(utf16_to_le(name)) != result) FAIL("the two forms of a name differ");
    return result;
  };
  CHECK(matches(u"C-00000291*.sys", u"c-00000291-00000000-00000032.SYS"));
  CHECK_FALSE(matches(u"C-00000291*.sys", u"C-00000290-00000000-00000032.sys"));
  CHECK_FALSE(matches(u"C-00000291*.sys", u"C-00000291.sy"));
  CHECK(matches(u"*", u"anything at all"));
  CHECK(matches(u"*.*", u"a.b"));
  CHECK_FALSE(matches(u"*.*", u"ab"));  // unlike the command line of Windows
  CHECK(matches(u"a?c", u"ABC"));
  CHECK_FALSE(matches(u"a?c", u"ac"));
  CHECK(matches(u"a*b*c", u"a--b--b--c"));
  CHECK_FALSE(matches(u"ab*ba", u"aba"));  // the ends may not share a unit
  CHECK(matches(u"**x**", u"x"));
  CHECK(NamePattern(u"Exact", table).is_literal());
  CHECK(NamePattern(u"Abc*d", table).prefix() == u"ABC");
  CHECK(NamePattern(u"Ab?c", table).prefix() == u"AB");
  CHECK(NamePattern(u"*", table).prefix().empty());
}

TEST_CASE("Patterns agree with their plain definition on 200,000 random cases", "[ntfs]") {
  const Upcase table = small_table();
  std::mt19937 random(291);
  size_t matched = 0;
  for (int i = 0; i < 200000; ++i) {
    std::u16string pattern, name;
    for (size_t n = random() % 8; n != 0; --n) pattern += u"aAb*?*"[random() % 6];
    for (size_t n = random() % 10; n != 0; --n) name += u"abB"[random() % 3];
    const bool expected = matches_by_definition(pattern, name, table);
    matched += expected ? 1U : 0U;
    if (NamePattern(pattern, table).matches(name) != expected)
      FAIL("pattern " << to_utf8(pattern) << ", name " << to_utf8(name));
  }
  CHECK(matched > 10000);
}
