// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/text.h"
#include "manifest/manifest.h"
#include "tests/support/catch.h"

namespace mend::manifest {
namespace {

const std::string kDesign = R"([manifest]
id = "crowdstrike-2024-07-19"
version = 1
title = "CrowdStrike Falcon channel file 291"
source = "vendor advisory, 2024-07-19"

[[rule]]
id = "channel-291"
action = "quarantine"            # delete | rename | quarantine
path = 'Windows\System32\drivers\CrowdStrike\C-00000291*.sys'
max_matches = 20
[rule.when]
header = "AA AA AA AA 01 00 23 01"
modified_before = 2024-07-19T05:27:00Z
)";

std::vector<std::string> names(const std::vector<std::u16string>& components) {
  std::vector<std::string> out;
  out.reserve(components.size());
  for (const auto& component : components) out.push_back(to_utf8(component));
  return out;
}

// A manifest of one rule that deletes `a\b.sys`, with these lines added to it. The rule starts at line 5.
std::string with_rule(const std::string& lines) {
  return "[manifest]\nid = \"m\"\nversion = 1\ntitle = \"t\"\n[[rule]]\nid = \"r\"\n" + lines;
}
std::string with_path(const std::string& path) {
  return with_rule("action = \"delete\"\npath = '" + path + "'\n");
}
std::string with_when(const std::string& lines) {
  return with_rule("action = \"delete\"\npath = 'a\\b.sys'\n[rule.when]\n" + lines);
}

struct Failure {
  std::string id, text;
};
bool starts(const std::string& text, const std::string& with) {
  return text.rfind(with, 0) == 0;
}
bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Failure failure(const std::string& text) {
  try {
    parse(text, "m.toml");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    return {error.id(), error.what()};
  }
  return {"none", ""};
}

TEST_CASE("the manifest of the design is read into a typed rule", "[manifest]") {
  const Manifest m = parse(kDesign, "crowdstrike.toml");
  CHECK(m.id == "crowdstrike-2024-07-19");
  CHECK(m.version == 1);
  CHECK(m.title == "CrowdStrike Falcon channel file 291");
  CHECK(m.source == "vendor advisory, 2024-07-19");
  CHECK(m.file == "crowdstrike.toml");
  CHECK(m.sha256 == crypto::sha256(as_bytes(kDesign)));
  REQUIRE(m.rules.size() == 1);
  const Rule& rule = m.rules[0];
  CHECK(rule.id == "channel-291");
  CHECK(rule.action == Action::kQuarantine);
  CHECK(names(rule.components) ==
        std::vector<std::string>{"Windows", "System32", "drivers", "CrowdStrike", "C-00000291*.sys"});
  CHECK(rule.path_text == R"(Windows\System32\drivers\CrowdStrike\C-00000291*.sys)");
  CHECK(rule.max_matches == 20);
  CHECK_FALSE(rule.allow_protected);
  CHECK(rule.when.header == from_hex("AAAAAAAA01002301"));
  CHECK(rule.when.modified_before == parse_iso8601("2024-07-19T05:27:00Z"));
  CHECK_FALSE(rule.when.modified_after);
  CHECK(rule.needs_content());
  CHECK(rule.line == 7);
  CHECK(rule.column == 1);
}

TEST_CASE("every condition is read, each with its own type", "[manifest]") {
  const std::string a(64, 'a'), b(64, 'B');
  const Rule rule =
      parse(with_when("size_min = 0\nsize_max = 9223372036854775807\n"
                      "modified_after = 2024-07-19T06:09:00.5+02:00\n"
                      "modified_before = 2024-07-19T05:27:00Z\n"
                      "created_after = 1999-01-01 00:00:00-05:30\ncreated_before = 2261-12-31T23:59:59Z\n"
                      "sha256 = [\"" +
                      a + "\", \"" + b + "\"]\nbuild_min = 19041\nbuild_max = 4294967295\n"),
            "m.toml")
          .rules[0];
  CHECK(rule.when.size_min == 0u);
  CHECK(rule.when.size_max == uint64_t{INT64_MAX});
  CHECK(rule.when.modified_after == parse_iso8601("2024-07-19T04:09:00.5Z"));
  CHECK(rule.when.modified_before == parse_iso8601("2024-07-19T05:27:00Z"));
  CHECK(rule.when.created_after == parse_iso8601("1999-01-01T05:30:00Z"));
  CHECK(rule.when.created_before == parse_iso8601("2261-12-31T23:59:59Z"));
  REQUIRE(rule.when.sha256.size() == 2);
  CHECK(rule.when.sha256[0][0] == 0xAA);
  CHECK(rule.when.sha256[1][31] == 0xBB);
  CHECK(rule.when.build_min == 19041u);
  CHECK(rule.when.build_max == UINT32_MAX);
  CHECK(rule.needs_content());
  CHECK_FALSE(parse(with_when("size_min = 1\n"), "m").rules[0].needs_content());
  CHECK(parse(with_when("sha256 = [\"" + a + "\"]\n"), "m").rules[0].needs_content());
}

TEST_CASE("paths take both separators, any script, and wildcards in any component", "[manifest]") {
  const auto components = [](const std::string& path) {
    return names(parse(with_path(path), "m.toml").rules.at(0).components);
  };
  CHECK(components(R"(Users\*\AppData/Local\Vendor?.dat)") ==
        std::vector<std::string>{"Users", "*", "AppData", "Local", "Vendor?.dat"});
  CHECK(components("file.txt") == std::vector<std::string>{"file.txt"});
  CHECK(components("Dir\\\xd0\x96\xe6\xbc\xa2\xf0\x9f\x98\x80.sys")[1] ==
        "\xd0\x96\xe6\xbc\xa2\xf0\x9f\x98\x80.sys");
  CHECK(components(R"(a\*.*)")[1] == "*.*");
  CHECK(components(R"(a\%name%.sys)")[1] == "%name%.sys");
  CHECK(components("a\\" + std::string(255, 'x'))[1].size() == 255);
}

TEST_CASE("rules have their defaults and may all be told otherwise", "[manifest]") {
  const Manifest m =
      parse(with_rule("action = \"rename\"\npath = 'a\\b.sys'\nnew_name = \"b.sys.bad\"\n"
                      "[[rule]]\nid = \"s\"\naction = \"delete\"\npath = 'a/*'\nmax_matches = 1000000\n"
                      "allow_protected = true\n"),
            "m.toml");
  REQUIRE(m.rules.size() == 2);
  CHECK(m.rules[0].action == Action::kRename);
  CHECK(m.rules[0].new_name == u"b.sys.bad");
  CHECK(m.rules[0].max_matches == kDefaultMaximumMatches);
  CHECK(m.rules[1].action == Action::kDelete);
  CHECK(m.rules[1].max_matches == 1000000);
  CHECK(m.rules[1].allow_protected);
  CHECK(m.rules[1].line == 10);
}

TEST_CASE("MF-2: each fault is told with file, line and column", "[manifest]") {
  const std::string digest(64, 'a');
  const std::string rename = "action = \"rename\"\npath = 'a\\b.sys'\n";
  struct Case {
    std::string text;
    const char* id;
    const char* place;
    const char* says;
  };
  const Case cases[] = {
      // TOML itself
      {"[manifest\n", "config.toml", "m.toml:1:10: ", ""},
      {"[manifest]\nid = \"a\"\nid = \"b\"\n", "config.toml", "m.toml:3:", ""},
      {"[manifest]\nid = \"\xff\"\n", "config.toml", "m.toml:2:", ""},
      {std::string("[manifest]\nid = \"a\0\"\n", 20), "config.toml", "m.toml:2:", ""},
      // characters that toml++ takes for blanks in an undefined way
      {"[manifest]\nid = \"\xc3\xa4\" \xc6\x86\n", "config.toml", "m.toml:2:10: ", ""},
      {"rule\xc6\x86 = 1\n", "config.toml", "m.toml:1:5: ", ""},
      {"a = 8'8\xc2\xa6\n", "config.toml", "m.toml:1:", ""},
      {"a = \xd2\x99\n", "config.toml", "m.toml:1:5: ", ""},
      // tables and keys
      {"", "config.key.missing", "m.toml:1:1: ", "no 'manifest'"},
      {"manifest = 1\n[[rule]]\n", "config.type",
       "m.toml:1:12: ", "'manifest' is an integer; it must be a table"},
      {"[manifest]\nid = \"m\"\nversion = 1\ntitle = \"t\"\n", "manifest.rule.none",
       "m.toml:1:1: ", "no [[rule]]"},
      {"rule = []\n[manifest]\nid = \"m\"\nversion = 1\ntitle = \"t\"\n", "manifest.rule.none",
       "m.toml:1:1: ", ""},
      {"[manifest]\nid = \"m\"\nversion = 1\ntitle = \"t\"\n[rule]\n", "config.type",
       "m.toml:5:1: ", "[[rule]]"},
      {"rule = [1]\n[manifest]\nid = \"m\"\nversion = 1\ntitle = \"t\"\n", "config.type",
       "m.toml:1:9: ", "an entry of 'rule' is an integer"},
      {with_path("a") + "[extra]\n", "config.key.unknown",
       "m.toml:9:2: ", "knows no key 'extra'; it knows manifest, rule"},
      {with_path("a") + "colour = 1\n", "config.key.unknown", "m.toml:9:1: ", "rule 1 knows no key 'colour'"},
      {with_path("a") + "Action = \"delete\"\n", "config.key.unknown", "m.toml:9:1: ", "'Action'"},
      {with_when("modified = 1\n"), "config.key.unknown",
       "m.toml:10:1: ", "'when' of rule 1 knows no key 'modified'"},
      {"[manifest]\nauthor = \"x\"\nid = \"m\"\nversion = 1\ntitle = \"t\"\n[[rule]]\nid = \"r\"\naction = "
       "\"delete\"\n"
       "path = 'a'\n",
       "config.key.unknown", "m.toml:2:1: ", "[manifest] knows no key 'author'; it knows build"},
      {with_path("a") + "when = 5\n", "config.type", "m.toml:9:8: ", "a table"},
      // [manifest]
      {"[manifest]\nversion = 1\ntitle = \"t\"\n", "config.key.missing",
       "m.toml:1:1: ", "[manifest] has no 'id'"},
      {"[manifest]\nid = \"m\"\ntitle = \"t\"\n", "config.key.missing", "m.toml:1:1: ", "has no 'version'"},
      {"[manifest]\nid = \"m\"\nversion = 1\n", "config.key.missing", "m.toml:1:1: ", "has no 'title'"},
      {"[manifest]\nid = \"\"\nversion = 1\ntitle = \"t\"\n", "manifest.id", "m.toml:2:6: ", ""},
      {"[manifest]\nid = \"a/b\"\nversion = 1\ntitle = \"t\"\n", "manifest.id", "m.toml:2:6: ", ""},
      {"[manifest]\nid = \"..\"\nversion = 1\ntitle = \"t\"\n", "manifest.id", "m.toml:2:6: ", ""},
      {"[manifest]\nid = \"" + std::string(65, 'a') + "\"\nversion = 1\ntitle = \"t\"\n", "manifest.id",
       "m.toml:2:6: ", ""},
      {"[manifest]\nid = 5\nversion = 1\ntitle = \"t\"\n", "config.type",
       "m.toml:2:6: ", "'id' is an integer; it must be a string"},
      {"[manifest]\nid = \"m\"\nversion = 0\ntitle = \"t\"\n", "config.integer.range",
       "m.toml:3:11: ", "'version' is 0"},
      {"[manifest]\nid = \"m\"\nversion = \"1\"\ntitle = \"t\"\n", "config.type",
       "m.toml:3:11: ", "a string"},
      {"[manifest]\nid = \"m\"\nversion = 1.0\ntitle = \"t\"\n", "config.type",
       "m.toml:3:11: ", "a floating-point number"},
      {"[manifest]\nid = \"m\"\nversion = 1\ntitle = \"\"\n", "config.text.empty", "m.toml:4:9: ", ""},
      {"[manifest]\nid = \"m\"\nversion = 1\ntitle = \"a\\u001B[2J\"\n", "config.text.control",
       "m.toml:4:9: ", ""},
      {"[manifest]\nid = \"m\"\nversion = 1\ntitle = \"" + std::string(1001, 't') + "\"\n",
       "config.text.length", "m.toml:4:9: ", ""},
      // a rule
      {with_rule(""), "config.key.missing", "m.toml:5:1: ", "rule 1 has no 'action'"},
      {with_rule("action = \"delete\"\n"), "config.key.missing", "m.toml:5:1: ", "rule 1 has no 'path'"},
      {with_rule("action = \"copy\"\npath = 'a'\n"), "manifest.action",
       "m.toml:7:10: ", "delete, rename and quarantine"},
      {with_rule("action = true\npath = 'a'\n"), "config.type", "m.toml:7:10: ", "a boolean"},
      {with_path("a") + "max_matches = 0\n", "config.integer.range", "m.toml:9:15: ", ""},
      {with_path("a") + "max_matches = -1\n", "config.integer.range", "m.toml:9:15: ", ""},
      {with_path("a") + "max_matches = 1000001\n", "config.integer.range", "m.toml:9:15: ", ""},
      {with_path("a") + "max_matches = 99999999999999999999\n", "config.toml", "m.toml:9:", ""},
      {with_path("a") + "allow_protected = \"yes\"\n", "config.type", "m.toml:9:19: ", "true or false"},
      {with_path("a") + "[[rule]]\nid = \"R\"\naction = \"delete\"\npath = 'b'\n", "manifest.rule.twice",
       "m.toml:10:6: ", "another rule"},
      // paths
      {with_path(""), "manifest.path.empty", "m.toml:8:8: ", "empty"},
      {with_path("..\\a"), "manifest.path.dots", "m.toml:8:8: ", "component 1"},
      {with_path("a\\..\\b"), "manifest.path.dots", "m.toml:8:8: ", "component 2"},
      {with_path("a/./b"), "manifest.path.dots", "m.toml:8:8: ", ""},
      {with_path("\\Windows\\x"), "manifest.path.absolute", "m.toml:8:8: ", ""},
      {with_path("/Windows/x"), "manifest.path.absolute", "m.toml:8:8: ", ""},
      {with_path("\\\\?\\C:\\x"), "manifest.path.absolute", "m.toml:8:8: ", ""},
      {with_path("C:\\Windows\\x"), "manifest.path.drive", "m.toml:8:8: ", "drive letter"},
      {with_path("c:x"), "manifest.path.drive", "m.toml:8:8: ", ""},
      {with_path("%SystemRoot%\\x"), "manifest.path.variable", "m.toml:8:8: ", ""},
      {with_path("a\\b:stream"), "manifest.path.stream", "m.toml:8:8: ", "streams"},
      {with_path("a\\b.sys::$DATA"), "manifest.path.stream", "m.toml:8:8: ", ""},
      {with_path("a\\\\b"), "manifest.path.component", "m.toml:8:8: ", "component 2 of the path is empty"},
      {with_path("a\\"), "manifest.path.component", "m.toml:8:8: ", ""},
      {with_path("a\\**\\b"), "manifest.path.recursive", "m.toml:8:8: ", "'**'"},
      {with_path("a\\b**"), "manifest.path.recursive", "m.toml:8:8: ", ""},
      {with_path("a\\b<c"), "manifest.path.character", "m.toml:8:8: ", "'<'"},
      {with_path("a\\b\"c"), "manifest.path.character", "m.toml:8:8: ", ""},
      {with_path("a\\b|c"), "manifest.path.character", "m.toml:8:8: ", ""},
      {with_rule("action = \"delete\"\npath = \"a\\u0007\"\n"), "manifest.path.character",
       "m.toml:8:8: ", "\\u{7}"},
      {with_path("a \\b"), "manifest.path.trailing", "m.toml:8:8: ", "space"},
      {with_path("a\\b."), "manifest.path.trailing", "m.toml:8:8: ", "dot"},
      {with_path("a\\" + std::string(256, 'x')), "manifest.path.length", "m.toml:8:8: ", ""},
      {with_path([] {
         std::string p = "a";
         for (int i = 0; i < 64; ++i) p += "\\a";
         return p;
       }()),
       "manifest.path.depth", "m.toml:8:8: ", ""},
      {with_rule("action = \"delete\"\npath = ['a']\n"), "config.type", "m.toml:8:8: ", "an array"},
      // rename
      {with_rule(rename), "config.key.missing", "m.toml:5:1: ", "new_name"},
      {with_path("a") + "new_name = \"b\"\n", "manifest.new_name.action", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = ''\n"), "manifest.new_name.empty", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = 'c\\d'\n"), "manifest.new_name.separator", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = 'c/d'\n"), "manifest.new_name.separator", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = 'b.*'\n"), "manifest.new_name.wildcard", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = 'b?'\n"), "manifest.new_name.wildcard", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = '..'\n"), "manifest.path.dots", "m.toml:9:12: ", "the new name"},
      {with_rule(rename + "new_name = 'b:c'\n"), "manifest.path.stream", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = 'b '\n"), "manifest.path.trailing", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = 'nul.sys'\n"), "manifest.new_name.device", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = 'Com7'\n"), "manifest.new_name.device", "m.toml:9:12: ", ""},
      {with_rule(rename + "new_name = 'B.SYS'\n"), "manifest.new_name.same", "m.toml:9:12: ", ""},
      {with_rule("action = \"rename\"\npath = 'a\\b*.sys'\nnew_name = 'c'\n"), "manifest.new_name.several",
       "m.toml:9:12: ", "max_matches = 1"},
      // conditions
      {with_when("header = \"AA A\"\n"), "manifest.header.hex", "m.toml:10:10: ", "character 4"},
      {with_when("header = \"xx\"\n"), "manifest.header.hex", "m.toml:10:10: ", ""},
      {with_when("header = \"\"\n"), "manifest.header.length", "m.toml:10:10: ", ""},
      {with_when("header = \"" + std::string(2 * 4097, 'A') + "\"\n"), "manifest.header.length",
       "m.toml:10:10: ", ""},
      {with_when("header = 170\n"), "config.type", "m.toml:10:10: ", "hexadecimal"},
      {with_when("size_min = -1\n"), "config.integer.range", "m.toml:10:12: ", ""},
      {with_when("size_max = \"1M\"\n"), "config.type", "m.toml:10:12: ", ""},
      {with_when("size_min = 2\nsize_max = 1\n"), "manifest.size.range",
       "m.toml:9:1: ", "'size_min' and 'size_max'"},
      {with_when("build_min = 2\nbuild_max = 1\n"), "manifest.build.range", "m.toml:9:1: ", ""},
      {with_when("build_min = 4294967296\n"), "config.integer.range", "m.toml:10:13: ", ""},
      {with_when("modified_before = 2024-07-19T05:27:00\n"), "config.time.offset",
       "m.toml:10:19: ", "no offset"},
      {with_when("modified_before = 2024-07-19\n"), "config.type",
       "m.toml:10:19: ", "'modified_before' is a date"},
      {with_when("created_after = 05:27:00\n"), "config.type", "m.toml:10:17: ", "is a time"},
      {with_when("created_after = \"2024-07-19T05:27:00Z\"\n"), "config.type",
       "m.toml:10:17: ", "is a string"},
      {with_when("created_after = 1601-01-01T00:00:00Z\n"), "config.time.range", "m.toml:10:17: ", ""},
      {with_when("created_after = 9999-01-01T00:00:00Z\n"), "config.time.range", "m.toml:10:17: ", ""},
      {with_when("modified_after = 2024-07-19T05:27:00Z\nmodified_before = 2024-07-19T07:27:00+02:00\n"),
       "manifest.time.empty", "m.toml:9:1: ", "'modified_after' and 'modified_before' leave nothing"},
      {with_when("created_after = 2024-07-20T00:00:00Z\ncreated_before = 2024-07-19T00:00:00Z\n"),
       "manifest.time.empty", "m.toml:9:1: ", ""},
      {with_when("sha256 = \"" + digest + "\"\n"), "config.type", "m.toml:10:10: ", "an array of strings"},
      {with_when("sha256 = []\n"), "manifest.sha256.count", "m.toml:10:10: ", ""},
      {with_when("sha256 = [\n  \"" + digest + "\",\n  5]\n"), "config.type", "m.toml:12:3: ", "an integer"},
      {with_when("sha256 = [\n  \"" + digest + "0\"]\n"), "manifest.sha256.digest", "m.toml:11:3: ", "64"},
      {with_when("sha256 = [\"" + digest.substr(1) + "g\"]\n"), "manifest.sha256.digest",
       "m.toml:10:11: ", ""},
      {with_when("sha256 = [\n\"" + digest + "\",\n\"" + std::string(64, 'A') + "\"]\n"),
       "manifest.sha256.twice", "m.toml:12:1: ", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const Failure found = failure(c.text);
    CHECK(found.id == c.id);
    CAPTURE(found.text);
    CHECK(starts(found.text, c.place));
    CHECK(contains(found.text, c.says));
  }
}

TEST_CASE("MF-2: all faults are listed, one a line, and a flood of them is cut", "[manifest]") {
  const Failure two = failure(with_rule("action = \"copy\"\npath = 'C:\\x'\n"));
  CHECK(two.id == "manifest.action");
  CHECK(two.text.find("\nm.toml:8:8: ") != std::string::npos);

  std::string many = with_path("a");
  for (int i = 0; i < 200; ++i) many += "unknown" + std::to_string(i) + " = 1\n";
  const Failure flood = failure(many);
  CHECK(std::count(flood.text.begin(), flood.text.end(), '\n') == 50);
  CHECK(contains(flood.text, "\nand 150 more"));
}

TEST_CASE("MF-1: a manifest beyond its limits is refused before it is parsed", "[manifest]") {
  CHECK(failure("# " + std::string(kMaximumBytes, 'x')).id == "config.size");
  CHECK(failure(kDesign + "#" + std::string(kMaximumBytes - kDesign.size() - 1, 'x')).id == "none");
  std::string rules = "[manifest]\nid = \"m\"\nversion = 1\ntitle = \"t\"\n";
  for (size_t i = 0; i < kMaximumRules; ++i) {
    rules += "[[rule]]\nid = \"r" + std::to_string(i) + "\"\naction = \"delete\"\npath = 'a" +
             std::to_string(i) + "'\n";
  }
  CHECK(parse(rules, "m").rules.size() == kMaximumRules);
  CHECK(failure(rules + "[[rule]]\nid = \"x\"\naction = \"delete\"\npath = 'x'\n").id ==
        "manifest.rule.count");
}

TEST_CASE("MF-1: deep nesting is an error and does not exhaust the stack", "[manifest]") {
  const auto dotted = [](size_t depth) {
    std::string key = "a";
    for (size_t i = 0; i < depth; ++i) key += ".a";
    return key;
  };
  CHECK(failure("x = 1\n" + dotted(500000) + " = 1\n").id == "config.nesting");
  CHECK(starts(failure("x = 1\n" + dotted(500000) + " = 1\n").text, "m.toml:2:"));
  CHECK(failure("[" + dotted(500000) + "]\n").id == "config.nesting");
  CHECK(failure("x = {y = \"\"\"\n\"\"\", " + dotted(300000) + " = 1}\n").id == "config.nesting");
  CHECK(failure("x = {y = '''\n''''', " + dotted(300000) + " = 1}\n").id == "config.nesting");
  CHECK(failure("x = \"\\\"\"\n" + dotted(300000) + " = 1\n").id == "config.nesting");
  CHECK(failure("x = " + std::string(100000, '[') + "\n").id == "config.toml");
  CHECK(failure("x = " + std::string(300, '[') + std::string(300, ']') + "\n").id == "config.toml");
  // Dots in strings and comments are no nesting.
  const std::string dots(500, '.');
  CHECK(parse("# " + dots + "\n[manifest]\nid = \"m\"\nversion = 1\ntitle = \"" + dots + "\" # it's " + dots +
                  "\n" + "source = '" + dots + "'\n[[rule]]\nid = \"r\"\naction = \"delete\"\npath = 'a'\n",
              "m")
            .title == dots);
}

TEST_CASE("MF-1: every cut of a manifest is a manifest or an error", "[manifest]") {
  size_t good = 0;
  for (size_t length = 0; length <= kDesign.size(); ++length) {
    const Failure found = failure(kDesign.substr(0, length));
    if (found.id == "none") {
      ++good;
    } else {
      REQUIRE(found.text.rfind("m.toml:", 0) == 0);
    }
  }
  CHECK(good > 1);  // the whole, and cuts after a complete rule
}

TEST_CASE("strings hold any script, also on several lines", "[manifest]") {
  const std::string title = "\"\"\"a \\\n  \xc6\x86\xc2\xa0\\u00e9 \xd2\x99\"\"\"";
  const Manifest m = parse("[manifest]\nid = \"m\"\nversion = 1\ntitle = " + title + " # \xc6\x86\n" +
                               "[[rule]]\nid = \"r\"\naction = \"delete\"\npath = '\xc6\x86'\n",
                           "m");
  CHECK(m.title == "a \xc6\x86\xc2\xa0\xc3\xa9 \xd2\x99");
  CHECK(m.rules[0].components[0] == u"\u0186");
}

TEST_CASE("a text with a byte order mark, CRLF line ends and inline tables is the same manifest",
          "[manifest]") {
  std::string windows = "\xef\xbb\xbf";
  for (char c : kDesign) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(parse(windows, "m").rules[0].when.header == from_hex("AAAAAAAA01002301"));
  const Manifest m = parse(
      "manifest = {id = \"m\", version = 1, title = \"t\"}\n"
      "rule = [{id = \"r\", action = \"delete\", path = 'a', when = {size_min = 1}}]\n",
      "m");
  CHECK(m.rules[0].when.size_min == 1u);
  CHECK(m.rules[0].line == 2);
}

TEST_CASE("MF-3: a rule that could reach what Windows needs is refused unless it says so", "[manifest]") {
  const std::string ntdll = with_path("Windows\\System32\\nt*.dll");
  CHECK(failure(ntdll).id == "manifest.protected");
  CHECK(starts(failure(ntdll).text, "m.toml:8:8: "));
  CHECK(contains(failure(ntdll).text, "*\\System32\\ntdll.dll"));
  CHECK(contains(failure(ntdll).text, "allow_protected = true"));
  CHECK(parse(ntdll + "allow_protected = true\n", "m").rules[0].allow_protected);
  CHECK(failure(ntdll + "allow_protected = false\n").id == "manifest.protected");
  // NTFS's own files: never.
  CHECK(failure(with_path("$MFT") + "allow_protected = true\n").id == "manifest.protected.never");
  CHECK(failure(with_path("System Volume Information\\*") + "allow_protected = true\n").id ==
        "manifest.protected.never");
  // The target of a rename as well.
  const std::string rename = with_rule(
      "action = \"rename\"\npath = 'Windows\\System32\\drivers\\old.sys'\n"
      "new_name = 'DISK.sys'\n");
  CHECK(failure(rename).id == "manifest.protected");
  CHECK(starts(failure(rename).text, "m.toml:9:12: the file's new name"));
  CHECK(failure(rename + "allow_protected = true\n").id == "none");
}

std::string load_failure(const std::string& file) {
  try {
    load(file);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    return error.what();
  }
  return {};
}

TEST_CASE("load reads a file, and says which one it could not read", "[manifest]") {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("mend-" + std::to_string(::getpid()));
  std::ofstream(file, std::ios::binary) << kDesign;
  CHECK(load(file.string()).rules.size() == 1);
  CHECK(load(file.string()).file == file.string());
  std::ofstream(file, std::ios::binary) << "[manifest]\nid = 1\n";
  CHECK(starts(load_failure(file.string()), file.string() + ":2:6: "));
  std::ofstream(file, std::ios::binary) << std::string(kMaximumBytes + 1, '#');
  CHECK(contains(load_failure(file.string()), "too large"));
  std::filesystem::remove(file);
  CHECK(contains(load_failure(file.string()), file.string()));
}

TEST_CASE("every manifest that is shipped parses, names its source, and does what it says", "[manifest]") {
  size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("configs")) {
    if (entry.path().extension() != ".toml" || entry.path().parent_path().filename() != "manifests") continue;
    CAPTURE(entry.path().string());
    ++count;
    Manifest m;
    REQUIRE_NOTHROW(m = load(entry.path().string()));
    CHECK(m.id == entry.path().stem().string());
    CHECK_FALSE(m.source.empty());
    for (const Rule& rule : m.rules) {
      CHECK_FALSE(rule.allow_protected);
      CHECK(rule.action != Action::kDelete);  // what ships can be put back from Windows
    }
  }
  CHECK(count >= 2);
}

}  // namespace
}  // namespace mend::manifest
