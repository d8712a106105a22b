// SPDX-License-Identifier: GPL-3.0-or-later
// Edits of volumes that Windows wrote, where they are at hand: each file of each volume, removed, renamed and
// moved, and each time explained to the last byte.
#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "block/file_device.h"
#include "block/overlay.h"
#include "block/window.h"
#include "ntfs/state.h"
#include "ntfs/touched.h"
#include "ntfs3g/volume.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/ntfs3g/edits.h"

using namespace mend;
using namespace mend::test;

namespace {

const std::filesystem::path kVolumes = "../shared/data/volumes";

struct Victim {
  ntfs::DirectoryEntry entry;
  ntfs::FileInfo info;
};

// Every name that is no DOS name of every file outside $Extend.
std::vector<Victim> victims(ntfs::Volume& volume) {
  std::vector<Victim> found;
  std::vector<MftReference> folders{ntfs::kRootDirectory};
  for (size_t i = 0; i < folders.size(); ++i) {
    std::vector<ntfs::DirectoryEntry> entries;
    volume.for_each_entry(folders[i], [&](const ntfs::EntryView& entry) {
      entries.push_back(entry.to_entry());
      return true;
    });
    for (const ntfs::DirectoryEntry& entry : entries) {
      if (entry.reference.record < ntfs::system_record::kFirstUser || entry.name_space == NameSpace::kDos)
        continue;
      ntfs::FileInfo info = volume.stat(entry.reference);
      if (info.is_directory) folders.push_back(entry.reference);
      found.push_back({entry, info});
    }
  }
  return found;
}

class RealVolume {
 public:
  RealVolume(const std::string& command, uint64_t offset) : offset_(offset) {
    INFO(command);
    REQUIRE(run_program("cd " + folder_.path().string() + " && " + command).status == 0);
    disk_ = block::FileDevice::open(folder_ / "v.img", block::Access::kRead);
  }

  struct Stack {
    std::shared_ptr<block::Overlay> overlay;
    std::unique_ptr<block::Window> partition;
  };
  Stack stack() {
    Stack result;
    result.overlay = std::make_shared<block::Overlay>(disk_);
    result.partition =
        std::make_unique<block::Window>(result.overlay, offset_, disk_->size_bytes() - offset_, "partition");
    return result;
  }
  std::vector<ntfs::Range> changed(Stack& stack) const {
    std::vector<ntfs::Range> ranges;
    for (uint64_t at : stack.overlay->changed_blocks())
      ranges.push_back(
          {at - offset_, std::min<uint64_t>(stack.overlay->block_bytes(), disk_->size_bytes() - at)});
    return ranges;
  }

 private:
  TempFolder folder_;
  uint64_t offset_;
  std::shared_ptr<block::FileDevice> disk_;
};

// Returns what was refused before anything was changed, by id.
std::map<std::string, size_t> try_every_file(RealVolume& real, size_t step) {
  std::map<std::string, size_t> outcomes;
  RealVolume::Stack before_stack = real.stack();
  ntfs::Volume before(*before_stack.partition);
  std::vector<Victim> all = victims(before);
  const uint16_t flags = ntfs::read_state(before).volume_flags;
  for (size_t i = 0; i < all.size(); i += step) {
    const Victim& victim = all[i];
    for (Act act : {Act::kRemove, Act::kRename, Act::kQuarantine}) {
      INFO(to_utf8(victim.entry.name)
           << ", record " << victim.entry.reference.record << ", act " << static_cast<int>(act));
      RealVolume::Stack stack = real.stack();
      ntfs3g::Volume writer(*stack.partition);
      std::vector<ntfs::PlannedEdit> edits;
      ntfs::PlannedEdit edit{
          .file = victim.entry.reference, .parent = victim.entry.parent, .name = victim.entry.name};
      try {
        if (act == Act::kRemove) {
          writer.remove(edit.parent, edit.name);
        } else {
          edit.kind = ntfs::PlannedEdit::Kind::kRename;
          edit.new_parent = edit.parent;
          edit.new_name = u"renamed to something that is rather longer than it was.sys";
          if (act == Act::kQuarantine) {
            edit.new_name = edit.name;
            edit.new_parent = writer.make_directory(ntfs::kRootDirectory, u"Mendstick.quarantine",
                                                    ntfs3g::Access::kSystemAndAdministrators);
            edits.push_back({.kind = ntfs::PlannedEdit::Kind::kMakeDirectory,
                             .file = edit.new_parent,
                             .new_parent = ntfs::kRootDirectory,
                             .new_name = u"Mendstick.quarantine"});
          }
          writer.rename(edit.parent, edit.name, edit.new_parent, edit.new_name);
        }
      } catch (const Error& error) {
        ++outcomes[error.id()];
        continue;
      }
      edits.push_back(edit);
      writer.set_volume_flags(flags);
      writer.close();
      edits.push_back({.kind = ntfs::PlannedEdit::Kind::kVolumeFlags, .volume_flags = flags});
      ntfs::Volume after(*stack.partition, before.shared_upcase());
      try {
        ntfs::verify_changes(before, after, real.changed(stack), edits);
        ++outcomes["done"];
      } catch (const Error& error) {
        FAIL_CHECK(error.id() << ": " << error.what());
      }
      ntfs::TouchedSet touched = ntfs::touched_by(before, edits);
      for (const ntfs::Finding& finding :
           ntfs::new_findings(ntfs::check_touched(before, touched), ntfs::check_touched(after, touched)))
        FAIL_CHECK(finding.what);
      if (i % 40 == 0) CHECK(ntfs::check_full(after).findings == ntfs::check_full(before).findings);
    }
  }
  return outcomes;
}

std::string source(const std::string& name) {
  return std::filesystem::absolute(kVolumes / name).string();
}

}  // namespace

TEST_CASE("NW-1: edits of volumes that Windows wrote are explained to the last byte", "[ntfs3g][ntfs]") {
  if (!need_data(kVolumes) || !need_program("xz") || !need_program("bzip2") || !need_program("python3"))
    return;
  const std::string unzip =
      "python3 -c 'import sys,zipfile; "
      "open(\"v.img\",\"wb\").write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' ";
  const auto tar = [](const std::string& name) {
    return "tar -xSf " + source(name) +
           " && find . -type f -name '*.img' ! -name v.img -exec mv {} v.img \\;";
  };
  const auto all_done = [](const std::string& command, uint64_t offset, size_t step, size_t least) {
    INFO(command);
    RealVolume real(command, offset);
    std::map<std::string, size_t> outcomes = try_every_file(real, step);
    CHECK(outcomes["done"] >= least);
    outcomes.erase("done");
    outcomes.erase("ntfs3g.remove.not_empty");  // folders
    for (const auto& [id, count] : outcomes) UNSCOPED_INFO(id << ": " << count);
    CHECK(outcomes.empty());
  };
  all_done(unzip + source("7-undel-ntfs.zip") + " 7-undel-ntfs/7-ntfs-undel.dd", 0, 1, 5);
  all_done("zcat " + source("ntfs_index.raw.gz") + " > v.img", 128 * 512, 1, 50);
  all_done("bzip2 -dc " + source("charlie.dd.bz2") + " > v.img", 0, 1, 8);
  all_done(tar("generated_during_use__entry_length_corrupted__windows_repaired.img.tar.xz"), 0, 29, 50);
  all_done(tar("generated_during_use__lostfound_corrupted__windows_repaired.img.tar.xz"), 0, 17, 100);
  all_done("zcat " + source("ntfs3_attrlist.raw.gz") + " > v.img", 0, 1, 1);
  all_done(unzip + source("SampleTinyNtfsVolume.zip") + " SampleTinyNtfsVolume/partition.dd", 0, 1, 10);
}
