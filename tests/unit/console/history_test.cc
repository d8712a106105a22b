// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/history.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "audit/log.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/journal/fixture.h"

namespace mend::console {
namespace {

using audit::Fields;
using test::TempFolder;

const std::string kGuid = "01234567-89ab-cdef-0123-456789abcdef";

struct Earlier {
  std::string manifest = "crowdstrike", guid = kGuid, serial = "S123", outcome = "success";
  uint64_t partition = 3;
};

// A log as repair/ writes it, as far as this reads it.
std::string write_log(const TempFolder& folder, const std::string& stem, const Earlier& run) {
  audit::Log log = audit::Log::create(folder.path().string(), stem, "0011", 4096);
  log.append("run-started", "success", "",
             {{"mendstick.manifests", {{{"id", run.manifest}, {"version", 1}}}}});
  log.append("disk-found", "success", "",
             {{"mendstick.disk.path", "/dev/sda"}, {"mendstick.disk.serial", run.serial}});
  log.append("commit-finished", run.outcome, "",
             {{"mendstick.volume.disk", "/dev/sda"},
              {"mendstick.volume.partition", run.partition},
              {"mendstick.volume.guid", run.guid.empty() ? Fields(nullptr) : Fields(run.guid)}});
  log.close();
  return log.path();
}

repair::Report now_found(const std::string& guid = kGuid, const std::string& serial = "S123") {
  repair::Report report;
  report.manifests.push_back({"crowdstrike", 1, "", ""});
  report.disks.emplace_back();
  report.disks[0].path = "/dev/nvme0n1";  // the kernel may call it otherwise at the next boot
  report.disks[0].serial = serial;
  report.volumes.emplace_back();
  report.volumes[0].disk = "/dev/nvme0n1";
  report.volumes[0].partition = 3;
  if (!guid.empty()) report.volumes[0].partition_guid = Guid::parse(guid);
  return report;
}

TEST_CASE("a volume that this stick repaired is known again", "[console]") {
  TempFolder folder;
  const std::string directory = folder.path().string();
  CHECK_FALSE(earlier_fix(directory, now_found()));
  const std::string log = write_log(folder, "a", {});
  const auto found = earlier_fix(directory, now_found());
  REQUIRE(found);
  CHECK(found->log == log);
  CHECK(now() - found->when < std::chrono::minutes(10));
  CHECK_FALSE(earlier_fix(directory + "/none", now_found()));
}

TEST_CASE("another volume, another manifest and a commit that failed are no earlier repair", "[console]") {
  TempFolder folder;
  write_log(folder, "a", {"crowdstrike", "11111111-89ab-cdef-0123-456789abcdef"});
  write_log(folder, "b", {"another"});
  write_log(folder, "c", {"crowdstrike", kGuid, "S123", "failure"});
  CHECK_FALSE(earlier_fix(folder.path().string(), now_found()));
}

TEST_CASE("where a partition has no GUID, the disk's serial number and the place on it tell", "[console]") {
  TempFolder folder;
  write_log(folder, "a", {"crowdstrike", "", "S123"});
  CHECK(earlier_fix(folder.path().string(), now_found("", "S123")));
  CHECK_FALSE(earlier_fix(folder.path().string(), now_found("", "S124")));
  CHECK_FALSE(earlier_fix(folder.path().string(), now_found("", "")));
  write_log(folder, "b", {"crowdstrike", "", ""});
  CHECK_FALSE(earlier_fix(folder.path().string(), now_found("", "")));
}

TEST_CASE("a log that was edited does not count, one that a pulled stick cut short does", "[console]") {
  TempFolder folder;
  const std::string path = write_log(folder, "a", {});
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::string content = text.str();
  const size_t last_line = content.rfind('\n', content.size() - 2) + 1;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content.substr(0, last_line);
  CHECK(earlier_fix(folder.path().string(), now_found()));
  content.replace(content.find("S123"), 4, "S124");
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  CHECK_FALSE(earlier_fix(folder.path().string(), now_found()));
}

TEST_CASE("a repair whose end power kept from the log is told by its closed journal", "[console]") {
  TempFolder folder;
  const std::string directory = folder.path().string();
  journal::Fixture fixture;
  fixture.request.target.partition_guid = *Guid::parse(kGuid);
  const std::string path = folder / "a-sda-p3.undo";
  journal::Journal::create(path, fixture.request, fixture.stages, fixture.disk).make_valid();
  for (const std::string manifest : {"another", "crowdstrike"}) {
    audit::Log log = audit::Log::create(directory, manifest, "0011", 4096);
    log.append("run-started", "success", "", {{"mendstick.manifests", {{{"id", manifest}, {"version", 1}}}}});
    // The stick was mounted elsewhere then.
    log.append("commit-started", "unknown", "", {{"mendstick.journal", "/elsewhere/a-sda-p3.undo"}});
    CHECK_FALSE(earlier_fix(directory, now_found()));
  }
  journal::Journal::open(path).mark(journal::State::kClosed);
  const auto found = earlier_fix(directory, now_found());
  REQUIRE(found);
  CHECK(found->when == fixture.request.created);
  CHECK(found->log == folder / "crowdstrike.jsonl");
  CHECK_FALSE(earlier_fix(directory, now_found("11111111-89ab-cdef-0123-456789abcdef")));
}

TEST_CASE("this run's own log is not an earlier one", "[console]") {
  TempFolder folder;
  repair::Report report = now_found();
  report.log = write_log(folder, "a", {});
  CHECK_FALSE(earlier_fix(folder.path().string(), report));
}

}  // namespace
}  // namespace mend::console
