// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/fixed_before.h"

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/journal/fixture.h"

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
  by_guid.offset = 4096;
  by_guid.partition_guid = Guid::parse("12345678-1234-4abc-8def-123456789abc");
  by_guid.verdict = Verdict::kFixed;
  by_guid.windows.emplace_back().host = "PC-SECRET-01";
  VolumeReport& by_serial = report.volumes.emplace_back();
  by_serial.disk = "/dev/sda";
  by_serial.partition = 4;
  by_serial.offset = 4096;
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

// The journal of a commit to report_of_fix()'s volumes[which], left in that state.
void put_journal(const std::string& path, const Report& report, size_t which, journal::State state) {
  journal::Fixture fixture;
  fixture.request.target.disk_serial = report.disks[0].serial;
  fixture.request.target.partition_guid = report.volumes[which].partition_guid.value_or(Guid{});
  fixture.request.target.partition_offset = report.volumes[which].offset;
  journal::Journal journal = journal::Journal::create(path, fixture.request, fixture.stages, fixture.disk);
  journal.make_valid();
  if (state == journal::State::kUndone) journal.mark(journal::State::kUndoing);
  if (state != journal::State::kValid) journal.mark(state);
}

TEST_CASE("a closed journal tells of the repair whose log was cut short, for its own volume only",
          "[repair]") {
  const test::TempFolder folder;
  const Report report = report_of_fix();
  const auto when = journal::Fixture().request.created;
  for (const size_t which : {size_t{0}, size_t{1}}) {
    const std::string path = folder / ("closed" + std::to_string(which));
    put_journal(path, report, which, journal::State::kClosed);
    CHECK(committed_by(path, report) == when);
    Report other = report;
    other.volumes[0].partition_guid->bytes[0] ^= 1, other.disks[0].serial = "SERIAL-78";
    CHECK_FALSE(committed_by(path, other));
    other = report;
    other.volumes.erase(other.volumes.begin() + static_cast<ptrdiff_t>(which));
    CHECK_FALSE(committed_by(path, other));
  }
  for (const auto state : {journal::State::kValid, journal::State::kRolledBack, journal::State::kUndone}) {
    const std::string path = folder / std::string(journal::to_string(state));
    put_journal(path, report, 0, state);
    CHECK_FALSE(committed_by(path, report));
  }
  CHECK_FALSE(committed_by(folder / "absent", report));
}

TEST_CASE("a sealed run that power ended before its marks is known by its journal", "[repair]") {
  const test::TempFolder folder;
  const std::string directory = folder.path().string();
  const Report report = report_of_fix();
  put_journal(folder / "run-sda-p3.undo", report, 0, journal::State::kClosed);
  CHECK_FALSE(fixed_before(directory, report));  // its log is not sealed, and tells itself
  std::ofstream(folder / "run.jsonl.sealed") << "sealed";
  CHECK(fixed_before(directory, report) == journal::Fixture().request.created);
  for (const char* text : {"", "mendstick fixed 1 00", "mendstick fixed 1 00112233\n2026-11-25T"}) {
    std::ofstream(folder / "run.fixed") << text;  // what power left of them
    CHECK(fixed_before(directory, report) == journal::Fixture().request.created);
  }
  // With marks, these tell: here, of another incident.
  Report other = report;
  other.manifests[0].id = "sophos";
  note_fixed(directory, "run", other);
  CHECK_FALSE(fixed_before(directory, report));
}

}  // namespace
}  // namespace mend::repair
