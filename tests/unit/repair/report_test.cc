// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/report.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace mend::repair {
namespace {

VolumeReport volume(Verdict verdict, const std::string& mode = "system") {
  VolumeReport report;
  report.verdict = verdict;
  report.mode = mode;
  return report;
}

Report with(std::vector<VolumeReport> volumes) {
  Report report;
  report.volumes = std::move(volumes);
  conclude(report);
  return report;
}

TEST_CASE("exit status 0: all Windows volumes are fixed, would be fixed or are not affected", "[repair]") {
  CHECK(with({volume(Verdict::kFixed)}).exit_status == 0);
  CHECK(with({volume(Verdict::kWouldFix)}).exit_status == 0);
  CHECK(with({volume(Verdict::kNotAffected)}).exit_status == 0);
  CHECK(with({volume(Verdict::kFixed), volume(Verdict::kNotAffected)}).exit_status == 0);
}

TEST_CASE("exit status 1: one Windows volume is none of these, whatever the others are", "[repair]") {
  for (Verdict bad : {Verdict::kLocked, Verdict::kRefused, Verdict::kUnsafe, Verdict::kUnsupported,
                      Verdict::kDamaged, Verdict::kFailed}) {
    const Report report = with({volume(Verdict::kFixed), volume(bad)});
    CHECK(report.exit_status == 1);
    CHECK(report.verdict == bad);
  }
}

TEST_CASE("a machine is fixed when one Windows is fixed and the others need nothing", "[repair]") {
  CHECK(with({volume(Verdict::kNotAffected), volume(Verdict::kFixed)}).verdict == Verdict::kFixed);
  CHECK(with({volume(Verdict::kNotAffected)}).verdict == Verdict::kNotAffected);
}

TEST_CASE("a locked data volume is listed only; a locked volume of unknown role needs somebody", "[repair]") {
  CHECK(with({volume(Verdict::kFixed), volume(Verdict::kLocked, "data")}).exit_status == 0);
  CHECK(with({volume(Verdict::kFixed), volume(Verdict::kLocked, "unknown")}).exit_status == 1);
}

TEST_CASE("exit status 3 without a Windows volume, 4 after a device error, 5 for work that cannot be resumed",
          "[repair]") {
  CHECK(with({}).exit_status == 3);
  CHECK_FALSE(with({}).verdict);
  VolumeReport failed = volume(Verdict::kFailed);
  failed.device_error = true;
  CHECK(with({failed}).exit_status == 4);
  Report stuck;
  stuck.stuck_journal = true;
  stuck.volumes = {failed};
  conclude(stuck);
  CHECK(stuck.exit_status == 5);
}

TEST_CASE("the JSON document has every name of the contract", "[repair]") {
  Report report = with({volume(Verdict::kFixed)});
  report.manifests.push_back({"m", 1, "00", "m.toml"});
  report.volumes[0].actions.push_back({});
  const auto json = to_json(report);
  for (const char* key : {"tool", "run_id", "started", "finished", "dry_run", "verdict", "manifests",
                          "volumes", "exit_status"}) {
    INFO(key);
    CHECK(json.contains(key));
  }
  for (const char* key : {"id", "version", "sha256"}) CHECK(json["manifests"][0].contains(key));
  for (const char* key :
       {"disk", "partition", "partition_guid", "size_bytes", "encryption", "filesystem", "windows", "verdict",
        "reason", "actions", "blocks_changed", "bytes_read", "bytes_written"}) {
    INFO(key);
    CHECK(json["volumes"][0].contains(key));
  }
  for (const char* key :
       {"rule", "action", "path", "new_path", "size_bytes", "modified", "sha256", "outcome"}) {
    INFO(key);
    CHECK(json["volumes"][0]["actions"][0].contains(key));
  }
}

TEST_CASE("each kind of error is one verdict", "[repair]") {
  const auto verdict = [](ErrorCode code) { return verdict_of(Error(code, "test", "test")); };
  CHECK(verdict(ErrorCode::kCorrupt) == Verdict::kDamaged);
  CHECK(verdict(ErrorCode::kUnsupported) == Verdict::kUnsupported);
  CHECK(verdict(ErrorCode::kWrongKey) == Verdict::kLocked);
  CHECK(verdict(ErrorCode::kRefused) == Verdict::kRefused);
  CHECK(verdict(ErrorCode::kIo) == Verdict::kFailed);
}

}  // namespace
}  // namespace mend::repair
