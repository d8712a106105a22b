// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/earlier.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "audit/fields.h"
#include "audit/log.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

namespace mend::audit {
namespace {

using test::TempFolder;

void put_log(const std::string& folder, const std::string& stem, const std::string& run,
             const std::string& previous) {
  Log log = Log::create(folder, stem, run, 4096);
  Fields fields = Fields::object();
  if (!previous.empty()) fields[kPreviousRun] = previous;
  log.append("run-started", "success", "begins", fields);
  log.close();
}

TEST_CASE("a folder without logs, or that is not there, has no earlier run", "[audit]") {
  TempFolder folder;
  CHECK(look_at_earlier(folder.path().string()).previous_run.empty());
  CHECK_FALSE(look_at_earlier(folder / "absent").newest);
}

TEST_CASE("the last run is the one that no other names as the one before it, whatever its name", "[audit]") {
  TempFolder folder;
  // The third PC's clock was years behind: by name its log is the first.
  put_log(folder.path().string(), "20260101T000000Z-A-01", "01", "");
  put_log(folder.path().string(), "20260102T000000Z-B-02", "02", "01");
  put_log(folder.path().string(), "19990101T000000Z-C-03", "03", "02");
  const Earlier earlier = look_at_earlier(folder.path().string());
  CHECK(earlier.previous_run == "03");
  REQUIRE(earlier.newest);
  CHECK(*earlier.newest <= now());
}

TEST_CASE("the newest time is that of the last complete record, and names its log", "[audit]") {
  TempFolder folder;
  const auto line = [](const std::string& run, const std::string& time) {
    return R"({"@timestamp":")" + time + R"(","mendstick.run.id":")" + run + "\"}\n";
  };
  std::ofstream(folder / "a.jsonl") << line("a", "2026-01-01T00:00:00Z") << line("a", "2026-01-01T00:09:00Z");
  std::ofstream(folder / "b.jsonl") << line("b", "2026-01-01T00:05:00Z") << R"({"@timestamp":"2031)";
  const Earlier earlier = look_at_earlier(folder.path().string());
  CHECK(earlier.newest == parse_iso8601("2026-01-01T00:09:00Z"));
  CHECK(earlier.newest_log == "a.jsonl");
  CHECK(earlier.previous_run == "a");
}

TEST_CASE("what is no log is passed over", "[audit]") {
  TempFolder folder;
  std::ofstream(folder / "empty.jsonl").flush();
  std::ofstream(folder / "other.jsonl") << "[1, 2]\n\xff\n";
  std::ofstream(folder / "text.jsonl") << "no JSON at all";
  std::ofstream(folder / "notes.txt") << "{\"mendstick.run.id\":\"x\"}\n";
  const Earlier earlier = look_at_earlier(folder.path().string());
  CHECK(earlier.previous_run.empty());
  CHECK_FALSE(earlier.newest);
}

}  // namespace
}  // namespace mend::audit
