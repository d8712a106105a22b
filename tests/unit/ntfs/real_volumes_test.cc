// SPDX-License-Identifier: GPL-3.0-or-later
// Volumes that Windows wrote, where they are at hand.
#include <algorithm>
#include <filesystem>

#include "block/file_device.h"
#include "block/window.h"
#include "ntfs/check.h"
#include "ntfs/state.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/ntfs/builder.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

const std::filesystem::path kVolumes = "../shared/data/volumes";
const std::filesystem::path kUncleanLogs = "../shared/data/unclean-logs";

struct Judgement {
  CheckReport report;
  VolumeState state;
  size_t names = 0, read_bytes = 0;
};

// Unpacks with `command`, which writes "v.img" into the folder that it runs in; checks, and reads all that
// can be.
Judgement judge(const std::string& command, uint64_t offset = 0) {
  TempFolder folder;
  REQUIRE(run_program("cd " + folder.path().string() + " && " + command));
  std::shared_ptr<block::BlockDevice> device =
      block::FileDevice::open(folder / "v.img", block::Access::kRead);
  if (offset != 0)
    device = std::make_shared<block::Window>(device, offset, device->size_bytes() - offset, "partition");
  Volume volume(*device);
  Judgement judgement;
  judgement.report = check_full(volume);
  for (const Finding& finding : judgement.report.findings) UNSCOPED_INFO(finding.what);
  judgement.state = read_state(volume);
  std::vector<MftReference> folders{kRootDirectory};
  for (size_t i = 0; i < folders.size() && i < 5000; ++i) {
    CHECK(check_file(volume, folders[i]).empty());
    std::vector<DirectoryEntry> entries;
    volume.for_each_entry(folders[i], [&](const EntryView& entry) {
      entries.push_back(entry.to_entry());
      return true;
    });
    for (const DirectoryEntry& entry : entries) {
      ++judgement.names;
      CHECK(volume.find(folders[i], entry.name)->reference == entry.reference);
      const FileInfo info = volume.stat(entry.reference);
      if (info.is_directory && entry.reference != kRootDirectory && entry.name_space != NameSpace::kDos)
        folders.push_back(entry.reference);
      if (info.is_directory || info.size_bytes > (4 << 20)) continue;
      const File file = volume.open(entry.reference);
      if (file.find(AttributeType::kData) == nullptr) continue;
      judgement.read_bytes += volume.read_file(entry.reference).size();
    }
  }
  return judgement;
}

std::string source(const std::string& name) {
  return std::filesystem::absolute(kVolumes / name).string();
}

}  // namespace

TEST_CASE("NC-1: volumes that Windows wrote and closed have no finding, and every file can be read",
          "[ntfs]") {
  if (!need_data(kVolumes) || !need_program("xz") || !need_program("bzip2") || !need_program("python3"))
    return;
  const std::string unzip =
      "python3 -c 'import sys,zipfile; "
      "open(\"v.img\",\"wb\").write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' ";
  const auto tar = [](const std::string& name) {
    return "tar -xSf " + source(name) +
           " && find . -type f -name '*.img' ! -name v.img -exec mv {} v.img \\;";
  };
  const auto healthy = [](const std::string& command, uint64_t offset, size_t least_names) {
    INFO(command);
    const Judgement judgement = judge(command, offset);
    CHECK(judgement.report.clean());
    CHECK(judgement.state.log == LogState::kClean);
    CHECK(judgement.state.safe());
    CHECK(judgement.names >= least_names);
    CHECK(judgement.names == judgement.report.entries);
  };
  healthy(unzip + source("7-undel-ntfs.zip") + " 7-undel-ntfs/7-ntfs-undel.dd", 0, 18);
  healthy("zcat " + source("ntfs_index.raw.gz") + " > v.img", 128 * 512, 58);
  healthy("bzip2 -dc " + source("charlie.dd.bz2") + " > v.img", 0, 27);
  healthy("zcat " + source("ntfs-lastaccess.raw.gz") + " > v.img", 128 * 512, 30);
  healthy("tar -xSzf " + source("ntfs.tgz") + " && mv ntfs.raw v.img", 2048 * 512, 50);
  healthy(tar("ntfs_default.img.tar.xz"), 0, 25);
  healthy(tar("generated_during_use__entry_length_corrupted__windows_repaired.img.tar.xz"), 0, 3400);
  healthy(tar("generated_during_use__lostfound_corrupted__windows_repaired.img.tar.xz"), 0, 1200);
  const Judgement linux_made = judge("zcat " + source("ntfs3_attrlist.raw.gz") + " > v.img");
  CHECK(linux_made.report.clean());
  const Judgement tiny =
      judge(unzip + source("SampleTinyNtfsVolume.zip") + " SampleTinyNtfsVolume/partition.dd");
  CHECK(tiny.report.clean());
  CHECK(tiny.state.log == LogState::kUnclean);
}

TEST_CASE("Deliberately damaged volumes have findings of their kind", "[ntfs]") {
  if (!need_data(kVolumes) || !need_program("xz")) return;
  const auto findings = [](const std::string& name) {
    TempFolder folder;
    REQUIRE(run_program("cd " + folder.path().string() + " && tar -xSf " + source(name)));
    const std::unique_ptr<block::FileDevice> device =
        block::FileDevice::open(folder / "ntfs.img", block::Access::kRead);
    Volume volume(*device);
    return check_full(volume).findings;
  };
  const auto count = [](const std::vector<Finding>& found, FindingKind kind) {
    return std::count_if(found.begin(), found.end(),
                         [&](const Finding& finding) { return finding.kind == kind; });
  };
  CHECK(count(findings("generated_during_use__mft_bitmap_corrupted__ntfs.img.tar.xz"),
              FindingKind::kRecordBitmap) > 10);
  const std::vector<Finding> torn =
      findings("generated_during_use__incompleted_multi_sector_transfer_before__ntfs.img.tar.xz");
  CHECK(count(torn, FindingKind::kBadRecord) > 1);
  const std::vector<Finding> sequence =
      findings("created_manually__mft_file_bad_sequence_number__ntfs.img.tar.xz");
  CHECK(sequence.size() == 3);
  CHECK(count(sequence, FindingKind::kBadRecord) == 1);
  CHECK(count(sequence, FindingKind::kEntryWithoutName) == 1);
  CHECK(count(sequence, FindingKind::kNameWithoutEntry) == 1);
}

TEST_CASE("Volumes that need a replay are told as such", "[ntfs]") {
  if (!need_data(kUncleanLogs) || !need_program("xz")) return;
  size_t volumes = 0;
  for (const auto& file : std::filesystem::directory_iterator(kUncleanLogs)) {
    TempFolder folder;
    REQUIRE(run_program("xz -dc " + file.path().string() + " > " + (folder / "v.img")));
    std::shared_ptr<block::BlockDevice> device =
        block::FileDevice::open(folder / "v.img", block::Access::kRead);
    if (!has_ntfs_signature(device->read_bytes(0, 512)))
      device =
          std::make_shared<block::Window>(device, 128 * 512, device->size_bytes() - 128 * 512, "partition");
    Volume volume(*device);
    const VolumeState state = read_state(volume);
    INFO(file.path());
    CHECK(state.log == LogState::kUnclean);
    CHECK(state.log_major == (file.path().string().find(".v20.") != std::string::npos ? 2 : 1));
    CHECK_FALSE(state.safe());
    ++volumes;
  }
  CHECK(volumes >= 10);
}
