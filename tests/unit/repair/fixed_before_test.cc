// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/fixed_before.h"

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

namespace mend::repair {
namespace {

Report report_of_fix() {
  Report report;
  report.finished = parse_iso8601("2026-11-25T12:00:00Z").value();
  report.manifests.push_back({"channel-291", 1, "", ""});
  DiskReport& disk = report.disks.emplace_back();
  disk.path = "/dev/sda";
  disk.serial = "SERIAL-77";
  VolumeReport& by_guid = report.volumes.emplace_back();
  by_guid.disk = "/dev/sda";
  by_guid.partition = 3;
  by_guid.partition_guid = Guid::parse("12345678-1234-4abc-8def-123456789abc");
  by_guid.verdict = Verdict::kFixed;
  by_guid.windows.emplace_back().host = "PC-SECRET-01";
  VolumeReport& by_serial = report.volumes.emplace_back();
  by_serial.disk = "/dev/sda";
  by_serial.partition = 4;
  by_serial.verdict = Verdict::kNotAffected;
  return report;
}

TEST_CASE("a machine that was fixed is known again, and nobody else learns of it", "[repair]") {
  const test::TempFolder folder;
  const std::string directory = folder.path().string();
  const Report fixed = report_of_fix();
  CHECK_FALSE(fixed_before(directory, fixed));
  note_fixed(directory, "run", fixed);
  CHECK(fixed_before(directory, fixed) == fixed.finished);
  const ByteVector content = read_file(folder / "run.fixed", 4096);
  for (const char* word : {"PC-SECRET", "12345678", "SERIAL", "channel", "sda"})
    CHECK(as_text(content).find(word) == std::string_view::npos);

  Report other = fixed;  // another machine
  other.volumes[0].partition_guid->bytes[0] ^= 1;
  CHECK_FALSE(fixed_before(directory, other));
  other = fixed;  // another incident
  other.manifests[0].id = "sophos";
  CHECK_FALSE(fixed_before(directory, other));
  other = fixed;  // the volume that was not fixed then
  other.volumes.erase(other.volumes.begin());
  CHECK_FALSE(fixed_before(directory, other));
}

TEST_CASE("nothing is marked where nothing was fixed, and a broken file tells nothing", "[repair]") {
  const test::TempFolder folder;
  const std::string directory = folder.path().string();
  Report report = report_of_fix();
  report.volumes[0].verdict = Verdict::kFailed;
  note_fixed(directory, "run", report);
  CHECK(std::filesystem::is_empty(folder.path()));
  for (const char* text :
       {"", "mendstick fixed 1 zz\n", "mendstick fixed 2 00\nx y\n", "mendstick fixed 1 00\nx"}) {
    std::ofstream(folder / "x.fixed") << text;
    CHECK_FALSE(fixed_before(directory, report));
  }
}

}  // namespace
}  // namespace mend::repair
