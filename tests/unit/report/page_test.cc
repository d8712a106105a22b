// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/page.h"

#include "base/error.h"
#include "report/documents.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/report/chained_log.h"

namespace mend::report {
namespace {

using mend::test::TempFolder;
using test::ChainedLog;
using test::Json;

Recovery recovery_of(const ChainedLog& log, const TempFolder& folder) {
  log.write(folder / "a.jsonl");
  RecoveryRequest request;
  request.made = *parse_iso8601("2026-11-24T00:00:00Z");
  return make_recovery(read_logs({folder / "a.jsonl"}), request);
}

// Texts that would end the data block, or be a formula, in every field that has text.
const std::string kHostile = "=cmd|'</script><script>alert(1)</script>\"&amp;<!--\xe2\x80\xae";

ChainedLog hostile_log() {
  ChainedLog log("0000000000000001", "2026-11-23T08:00:00Z");
  log.start(
      {{"organization.name", kHostile}, {"mendstick.stick.id", kHostile}, {"host.serial_number", kHostile}});
  log.volume(kHostile);
  Json file = ChainedLog::volume_key("/dev/sda");
  file.update({{"rule.id", kHostile}, {"file.path", kHostile}, {"mendstick.outcome", "done"}});
  log.add("file-changed", file);
  return log.verdict("damaged", kHostile).end("damaged", 1);
}

TEST_CASE("PG-1: nothing from a log ends the data block or is markup", "[report]") {
  TempFolder folder;
  const std::string data = page_data(recovery_of(hostile_log(), folder));
  CHECK(data.find_first_of("<>&") == std::string::npos);
  const auto json = nlohmann::json::parse(data);
  bool found = false;
  for (const auto& text : json.at("texts")) found |= text == kHostile;
  CHECK(found);
  // Three blocks of the page's own, whatever the logs say.
  const std::string page = to_page(recovery_of(hostile_log(), folder));
  size_t scripts = 0;
  for (size_t at = page.find("<script"); at != std::string::npos; at = page.find("<script", at + 1))
    ++scripts;
  CHECK(scripts == 2);
}

TEST_CASE("PG-2: the page names no other place, and its policy has the hashes of its style and script",
          "[report]") {
  TempFolder folder;
  const std::string page =
      to_page(recovery_of(test::stick_run("01", "2026-11-23T08:00:00Z", "S", "PC", "fixed"), folder));
  const auto between = [&](const std::string& begin, const std::string& end) {
    const size_t from = page.find(begin) + begin.size();
    return page.substr(from, page.find(end, from) - from);
  };
  const std::string policy = between("Content-Security-Policy\" content=\"", "\"");
  CHECK(policy.find("default-src 'none'") == 0);
  CHECK(policy.find("unsafe") == std::string::npos);
  // SHA-256 in base 64 has 43 digits, then one sign that fills up. The browser judges their values
  // (tests/web).
  for (const char* source : {"style-src 'sha256-", "script-src 'sha256-"}) {
    CAPTURE(source);
    const size_t at = policy.find(source);
    REQUIRE(at != std::string::npos);
    const std::string digest = policy.substr(at + std::string(source).size(), 46);
    CHECK(digest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == 43);
    CHECK(digest.substr(43) == "=';");
  }
  for (const char* mark : {"@POLICY@", "@STYLE@", "@SCRIPT@", "@DATA@", "http:", "https:", " src="}) {
    const size_t at = page.find(mark);
    // The namespace of SVG is a name, nothing that is loaded.
    CHECK((at == std::string::npos || page.compare(at, 26, "http://www.w3.org/2000/svg") == 0));
  }
}

TEST_CASE("DO-1: no cell of the CSV is a formula, and each machine has one row", "[report]") {
  TempFolder folder;
  const std::string csv = to_csv(recovery_of(hostile_log(), folder));
  CHECK(csv.find("\r\n=") == std::string::npos);
  CHECK(csv.find(",=") == std::string::npos);
  CHECK(csv.find("'=cmd") != std::string::npos);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 2);
}

TEST_CASE("the JSON document holds each file with its hash, old and new name", "[report]") {
  TempFolder folder;
  ChainedLog log("0000000000000001", "2026-11-23T08:00:00Z");
  log.start().volume("PC1");
  Json file = ChainedLog::volume_key("/dev/sda");
  file.update({{"file.path", "a\\b"},
               {"mendstick.file.new_path", "q\\0000000000000001\\b"},
               {"file.size", 7},
               {"file.hash.sha256", "ab"},
               {"mendstick.outcome", "planned"}});
  log.add("file-planned", file);
  file["mendstick.outcome"] = "done";
  log.add("file-changed", file).verdict("fixed").end("fixed");
  const auto json = nlohmann::json::parse(to_json(recovery_of(log, folder)));
  const auto& files = json.at("machines")[0].at("visits")[0].at("volumes")[0].at("files");
  REQUIRE(files.size() == 1);
  CHECK(files[0].at("path") == "a\\b");
  CHECK(files[0].at("new_path") == "q\\0000000000000001\\b");
  CHECK(files[0].at("sha256") == "ab");
  CHECK(files[0].at("outcome") == "done");
}

TEST_CASE("DO-2: the JSON Lines are the logs' own records", "[report]") {
  TempFolder folder;
  const ChainedLog log = hostile_log();
  std::string lines;
  write_ecs(recovery_of(log, folder), [&](std::string_view line) { lines += line; });
  CHECK(lines == log.text());
}

}  // namespace
}  // namespace mend::report
