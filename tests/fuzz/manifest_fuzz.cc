// SPDX-License-Identifier: GPL-3.0-or-later
// A manifest from any bytes: a Manifest within its limits (MF-1, MF-3), or an error with file, line and
// column (MF-2).
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "manifest/path.h"
#include "manifest/protected.h"
#include "tests/fuzz/seeds.h"

namespace {

using namespace mend;
using namespace mend::manifest;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_rule(const Rule& rule) {
  require(!rule.id.empty() && rule.id.size() <= 64);
  require(!rule.components.empty() && rule.components.size() <= kMaximumComponents);
  require(rule.max_matches >= 1 && rule.max_matches <= 1000000);
  for (const std::u16string& component : rule.components) {
    require(!component.empty() && component.size() <= kMaximumNameUnits && component != u"." &&
            component != u"..");
    require(component.find_first_of(u"\\/:<>\"|") == std::u16string::npos);
  }
  require((rule.action == Action::kRename) == !rule.new_name.empty());
  require(rule.allow_protected || !may_match_protected(rule));
  require(could_match(rule.components).level != Protection::kNever);
  const Conditions& when = rule.when;
  require(!when.header || (!when.header->empty() && when.header->size() <= 4096));
  require(!when.size_min || !when.size_max || *when.size_min <= *when.size_max);
  require(!when.modified_after || !when.modified_before || *when.modified_after < *when.modified_before);
  require(!when.created_after || !when.created_before || *when.created_after < *when.created_before);
  require(!when.build_min || !when.build_max || *when.build_min <= *when.build_max);
}

// "file:12:3: …"
void check_place(const std::string& text) {
  const size_t line = std::string("file:").size();
  require(text.rfind("file:", 0) == 0);
  const size_t colon = text.find(':', line), end = text.find(": ", line);
  require(colon != std::string::npos && end != std::string::npos && colon > line && colon < end);
  for (size_t i = line; i < end; ++i) require(i == colon || (text[i] >= '0' && text[i] <= '9'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const Manifest manifest = parse(as_text({data, size}), "file");
    require(!manifest.id.empty() && manifest.version >= 1 && !manifest.title.empty());
    require(!manifest.rules.empty() && manifest.rules.size() <= kMaximumRules);
    for (const Rule& rule : manifest.rules) check_rule(rule);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::kUsage);
    check_place(error.what());
  }
  return 0;
}

std::vector<ByteVector> mend::test::fuzz_seeds() {
  const std::string head = "[manifest]\nid = \"m-1\"\nversion = 1\ntitle = \"T\"\nsource = \"S\"\n";
  const std::string digest(64, 'a');
  std::vector<ByteVector> seeds;
  for (const std::string& rules :
       {std::string(
            "[[rule]]\nid = \"r\"\naction = \"quarantine\"\npath = "
            "'Windows\\System32\\drivers\\Vendor\\C-0*.sys'\n"
            "max_matches = 20\n[rule.when]\nheader = \"AA AA 01\"\nmodified_before = 2024-07-19T05:27:00Z\n"),
        "[[rule]]\nid = \"r\"\naction = \"rename\"\npath = \"a/b?.dat\"\nnew_name = \"c.bad\"\nmax_matches = "
        "1\n"
        "[rule.when]\nsize_min = 1\nsize_max = 0x10\nsha256 = [\"" +
            digest +
            "\"]\ncreated_after = 2020-01-01T00:00:00+01:00\nbuild_min = 19041\n[[rule]]\nid = \"s\"\naction "
            "= "
            "\"delete\"\npath = '''Windows\\System32\\ntdll.dll'''\nallow_protected = true\n",
        std::string("rule = [{id = \"r\", action = \"delete\", path = 'x', when = {build_max = 9600}}] # no "
                    "more\n")}) {
    const bool before = rules[0] == 'r';
    const std::string text = before ? rules + head : head + rules;
    seeds.emplace_back(text.begin(), text.end());
  }
  return seeds;
}
