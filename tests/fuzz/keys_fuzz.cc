// SPDX-License-Identifier: GPL-3.0-or-later
// A key file from any bytes: some keys and some problems; no problem and no host's name that shows a key
// (KF-1).
#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "keys/keys.h"
#include "keys/scan.h"
#include "tests/fuzz/seeds.h"

namespace {

using namespace mend;
using namespace mend::keys;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_shown(const std::string& text) {
  require(printable(text) == text);
  for (const Finding& found : scan(text)) require(found.kind == Finding::Kind::kGuid);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bitlocker::Credentials credentials;
  const ImportReport report = parse({data, size}, "file", credentials);
  require(report.keys == credentials.recovery.size() + credentials.startup_keys.size());
  require(report.keys > 0 || !report.problems.empty());
  require(report.problems.size() <= kMaximumProblems);
  const auto lines =
      static_cast<size_t>(std::count_if(data, data + size, [](uint8_t c) { return c == '\n' || c == '\r'; }));
  for (const Problem& problem : report.problems) {
    require(problem.file == "file" && !problem.why.empty() && problem.line <= lines + 1);
    check_shown(problem.why);
  }
  for (const bitlocker::RecoveryCandidate& candidate : credentials.recovery) {
    require(candidate.password.key_words().size() == 16);
    check_shown(candidate.host);
  }
  return 0;
}

std::vector<ByteVector> mend::test::fuzz_seeds() {
  // 0, 11, 22, …: valid, and nobody's.
  const std::string key = "000000-000011-000022-000033-000044-000055-000066-000077",
                    other = "110000-" + key.substr(7);
  const std::string id = "12345678-1234-4abc-8def-123456789abc";
  std::vector<ByteVector> seeds;
  const auto add = [&seeds](const std::string& text) { seeds.emplace_back(text.begin(), text.end()); };
  add("Hostname,KeyID,RecoveryKey,Directory\r\n\"CN=PC01,OU=x\"," + id + "," + key +
      ",AD\r\nPC02,,NOData,\r\n");
  add("sep=;\nComputerName;RecoveryPassword;DistinguishedName\nPC01;\"" + key +
      "\";CN=2024-07-19T05:27:00-00:00{" + id + "}\\, x\n");
  add("#TYPE x\nName\tKey Id\tBitLocker Keys\nPC01\t{" + id + "}\t\"[{\"\"id\"\":\"\"" + id +
      "\"\",\"\"key\"\":\"\"" + key + "\"\"},\n\"\"" + other + "\"\"]\"\n\tSystem.Object[]\t\n");
  add("{\"value\": [{\"id\": \"" + id + "\", \"volumeType\": 1, \"key\": \"" + key + "\"},\n {\"id\": \"" +
      id + "\", \"deviceId\": null}]}\n[\"" + other + "\\u002d\"]");
  add("BitLocker\r\n\r\nIdentifier:\r\n\t" + id + "\r\n\r\nKey:\r\n\t" + key + "\r\n" + other +
      " 123456\r\n");
  std::string wide = "\xff\xfe";
  const std::string narrow = "Id,Key\n" + id + "," + key + "\n";
  for (char c : narrow) {
    wide.push_back(c);
    wide.push_back('\0');
  }
  add(wide);
  return seeds;
}
