// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/log_files.h"

#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/report/chained_log.h"

namespace mend::report {
namespace {

namespace fs = std::filesystem;
using mend::test::TempFolder;
using test::ChainedLog;

ChainedLog good_log(const std::string& run = "0000000000000001") {
  return test::stick_run(run, "2026-11-23T08:00:00Z", "S1", "PC1", "fixed");
}

void put(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// What is wrong with the one file of the folder besides a good log, which is never in its way (LF-1).
Finding finding_of(const std::string& name, const std::string& content) {
  TempFolder folder;
  good_log("00000000000000aa").write(folder / "good.jsonl");
  put(folder / name, content);
  const Logs logs = read_logs(find_logs({folder.path().string()}));
  REQUIRE(logs.files == 2);
  REQUIRE(logs.findings.size() == 1);
  CHECK(logs.runs.size() == (logs.findings[0].left_out ? 1 : 2));
  CHECK(logs.findings[0].log == folder / name);
  return logs.findings[0];
}

TEST_CASE("a whole log is read into its run", "[report]") {
  TempFolder folder;
  good_log().write(folder / "a.jsonl");
  const Logs logs = read_logs(find_logs({folder.path().string()}));
  REQUIRE(logs.runs.size() == 1);
  CHECK(logs.findings.empty());
  CHECK(logs.whole == 1);
  const Run& run = logs.runs[0];
  CHECK(run.id == "0000000000000001");
  CHECK(run.log == "a.jsonl");
  CHECK(run.customer == "Acme");
  CHECK(run.verdict == "fixed");
  CHECK(run.finished);
  CHECK(run.volumes.at(0).host == "PC1");
  CHECK(run.volumes.at(0).bias_minutes == -60);
  CHECK(run.duration_ns == 7'000'000'000);
}

TEST_CASE("LF-1: a log of another program is named and left out", "[report]") {
  CHECK(finding_of("x.jsonl", "{\"hello\": 1}\n").kind == Finding::Kind::kForeign);
  CHECK(finding_of("x.jsonl", "2026-11-23 08:00 something happened\n").kind == Finding::Kind::kForeign);
  // Its own chain may be good.
  ChainedLog other("", "2026-11-23T08:00:00Z");
  CHECK(finding_of("x.jsonl", other.add("log-closed").text()).kind == Finding::Kind::kForeign);
}

TEST_CASE("LF-1: a log that ends in the middle of a line is used as far as it goes, and named", "[report]") {
  const std::string text = good_log().text();
  const Finding finding = finding_of("x.jsonl", text.substr(0, text.size() - 10));
  CHECK(finding.kind == Finding::Kind::kCutShort);
  CHECK_FALSE(finding.left_out);
}

TEST_CASE("LF-1: half a line alone is left out", "[report]") {
  const Finding finding = finding_of("x.jsonl", good_log().text().substr(0, 50));
  CHECK(finding.kind == Finding::Kind::kCutShort);
  CHECK(finding.left_out);
}

TEST_CASE("LF-1: a log that was changed is left out, and its line named", "[report]") {
  std::string text = good_log().text();
  text.replace(text.find("PC1"), 3, "PC2");
  const Finding finding = finding_of("x.jsonl", text);
  CHECK(finding.kind == Finding::Kind::kChanged);
  CHECK(finding.left_out);
  CHECK(finding.line == 4);  // the record that names the host
}

TEST_CASE("LF-1: a log in another encoding is named as such", "[report]") {
  const std::string utf16 = [] {
    const ByteVector bytes = utf16_to_le(to_utf16(good_log().text()));
    return "\xff\xfe" + std::string(bytes.begin(), bytes.end());
  }();
  for (const std::string& text : {utf16, utf16.substr(2), "\xef\xbb\xbf" + good_log().text()}) {
    const Finding finding = finding_of("x.jsonl", text);
    CHECK(finding.kind == Finding::Kind::kForeign);
    CHECK(finding.why.find("encoding") != std::string::npos);
  }
}

TEST_CASE("LF-2: a file of a gigabyte is not read", "[report]") {
  TempFolder folder;
  put(folder / "x.jsonl", "{");
  fs::resize_file(folder / "x.jsonl", uint64_t{1} << 30);
  const Logs logs = read_logs(find_logs({folder.path().string()}));
  REQUIRE(logs.findings.size() == 1);
  CHECK(logs.findings[0].kind == Finding::Kind::kTooLarge);
}

TEST_CASE("a sealed log is named with what opens it", "[report]") {
  const Finding finding = finding_of("x.jsonl.sealed", "anything");
  CHECK(finding.kind == Finding::Kind::kSealed);
  CHECK(finding.why.find("mendstick audit open") != std::string::npos);
}

TEST_CASE("LF-3: two different logs of one run are both left out", "[report]") {
  TempFolder folder;
  good_log().write(folder / "a.jsonl");
  test::stick_run("0000000000000001", "2026-11-23T08:00:00Z", "S2", "PC2", "locked")
      .write(folder / "b.jsonl");
  const Logs logs = read_logs(find_logs({folder.path().string()}));
  CHECK(logs.runs.empty());
  REQUIRE(logs.findings.size() == 2);
  CHECK(logs.findings[0].kind == Finding::Kind::kSameRun);
  CHECK(logs.findings[0].left_out);
}

TEST_CASE("copies of one log count once, and the longer one counts", "[report]") {
  TempFolder folder;
  const std::string text = good_log().text();
  put(folder / "a.jsonl", text.substr(0, text.find('\n', text.size() / 2) + 1));
  put(folder / "b.jsonl", text);
  put(folder / "c.jsonl", text);
  const Logs logs = read_logs(find_logs({folder.path().string()}));
  REQUIRE(logs.runs.size() == 1);
  CHECK(logs.runs[0].chain == audit::Chain::kWhole);
  CHECK(logs.duplicates == 2);
}

TEST_CASE("fields of any type are passed over where another is expected", "[report]") {
  TempFolder folder;
  ChainedLog log("0000000000000001", "2026-11-23T08:00:00Z");
  log.start({{"organization.name", 5}, {"mendstick.manifests", "x"}, {"mendstick.policy.dry_run", "yes"}});
  log.add("volume-found", {{"mendstick.volume.disk", nullptr}, {"mendstick.volume.partition", -3}});
  log.add("windows-found", {{"mendstick.windows.bias_minutes", 1e30}, {"host.name", {1, 2}}});
  log.add("run-finished", {{"mendstick.exit_status", "0"}, {"event.action", 7}});
  log.end(nullptr).write(folder / "a.jsonl");
  const Logs logs = read_logs(find_logs({folder.path().string()}));
  REQUIRE(logs.runs.size() == 1);
  CHECK(logs.findings.empty());
  CHECK(logs.runs[0].customer.empty());
}

TEST_CASE("logs are found below folders, and a name that is not there is an error", "[report]") {
  TempFolder folder;
  fs::create_directories(folder / "stick/logs");
  good_log().write(folder / "stick/logs/a.jsonl");
  put(folder / "stick/logs/a.undo", "a journal");
  put(folder / "other.txt", "x");
  CHECK(find_logs({folder.path().string()}) == std::vector<std::string>{folder / "stick/logs/a.jsonl"});
  CHECK(find_logs({folder / "other.txt"}).size() == 1);  // named, so it is looked at
  CHECK_THROWS_AS(find_logs({folder / "absent"}), Error);
}

}  // namespace
}  // namespace mend::report
