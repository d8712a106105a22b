// SPDX-License-Identifier: GPL-3.0-or-later
// A key file from any bytes: some keys and some problems; no problem and no host's name that shows a key
// (KF-1); and the table that is made of them gives the same keys again. The same bytes as a startup key, a
// list of hosts and a list of wanted keys.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "keys/hosts.h"
#include "keys/keys.h"
#include "keys/scan.h"
#include "keys/table.h"
#include "keys/wanted.h"
#include "tests/fuzz/seeds.h"
#include "tests/support/fve_builder.h"

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

bool same_key(const bitlocker::RecoveryCandidate& a, const bitlocker::RecoveryCandidate& b) {
  return a.protector_id == b.protector_id && a.created == b.created && a.source == b.source &&
         equal(a.password.key_words(), b.password.key_words());
}

void check_table(const bitlocker::Credentials& credentials) {
  const Secret table = write_table(credentials);
  bitlocker::Credentials again;
  const ImportReport report = parse(table.bytes(), "table", again);
  require(again.recovery.size() == credentials.recovery.size() && report.duplicates == 0);
  require(report.problems.size() == (credentials.recovery.empty() ? 1 : 0));
  for (const bitlocker::RecoveryCandidate& candidate : credentials.recovery) {
    require(std::any_of(again.recovery.begin(), again.recovery.end(),
                        [&](const auto& other) { return same_key(candidate, other); }));
  }
}

// Any bytes are what they are, or are refused by an Error that shows none of them.
template <typename Read>
void check_read(Read read) {
  try {
    read();
  } catch (const Error& error) {
    require(error.code() == ErrorCode::kUsage);
    check_shown(error.what());
  }
}

void check_lists(Bytes data) {
  check_read([&] {
    const HostList list = HostList::parse(data, "file");
    for (const std::string& name : list.names()) {
      require(!folded_host(name).empty() && printable(name) == name);
    }
  });
  check_read([&] {
    const WantedList list = WantedList::parse(data, "file");
    for (const WantedKey& key : list.keys()) require(key.protector_id || !key.host.empty());
  });
  check_read([&] { require(bitlocker::StartupKey::parse(data).key().size() == 32); });
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
  if (credentials.recovery.size() < 100) check_table(credentials);
  check_lists({data, size});
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
  add("# all\nPC01\npc02.example.com\n");
  add(std::string(kWantedHeader) + "\n" + id +
      ",PC01,PC01 C: 19/07/2024,S1,2024-07-20T08:01:00Z\n,PC02,,,\n");
  for (const bool with_volume : {false, true}) seeds.push_back(FveVolume().startup_file(with_volume));
  return seeds;
}
