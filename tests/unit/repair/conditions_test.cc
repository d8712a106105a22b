// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/conditions.h"

#include "tests/support/catch.h"

namespace mend::repair {
namespace {

std::string words_of(const std::string& rule) {
  const std::string text =
      "[manifest]\nid = \"m\"\nversion = 1\ntitle = \"t\"\n[[rule]]\nid = \"r\"\n" + rule;
  return in_words(manifest::parse(text, "m.toml").rules.front());
}

TEST_CASE("a rule in words says what it does to which files", "[repair]") {
  CHECK(words_of("action = \"delete\"\npath = 'Drivers\\x*.sys'\n") == "delete Drivers\\x*.sys");
  CHECK(words_of("action = \"rename\"\npath = 'Drivers\\x.sys'\nnew_name = \"x.old\"\n") ==
        "rename Drivers\\x.sys to x.old");
}

TEST_CASE("a rule in words names every condition", "[repair]") {
  CHECK(words_of("action = \"quarantine\"\npath = 'D\\x*.sys'\n[rule.when]\nheader = \"AA 01\"\n") ==
        "quarantine D\\x*.sys, if its first bytes are aa 01");
  CHECK(words_of("action = \"quarantine\"\npath = 'D\\x*.sys'\n[rule.when]\nheader = \"AA 01\"\n"
                 "size_min = 5\nmodified_before = 2024-07-19T05:27:00Z\nbuild_max = 22631\n") ==
        "quarantine D\\x*.sys, if Windows is at most build 22631, its size in bytes is at least 5, it was "
        "modified "
        "before 2024-07-19T05:27:00Z and its first bytes are aa 01");
}

}  // namespace
}  // namespace mend::repair
