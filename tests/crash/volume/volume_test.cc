// SPDX-License-Identifier: GPL-3.0-or-later
// The crash matrix over real repairs of a real NTFS volume of 8 MiB, made by mkntfs: what a cut leaves, and
// what resume and undo make of it.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "ntfs/check.h"
#include "ntfs/path.h"
#include "ntfs/replay.h"
#include "repair/apply.h"
#include "tests/crash/harness.h"
#include "tests/support/catch.h"
#include "tests/support/memory_device.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"

namespace mend::test {
namespace {

class Nobody : public repair::Operator {
 public:
  void progress(repair::Phase, std::string_view, double) override {}
  void tell(std::string_view) override {}
  bool wants_to_stop() override { return false; }
};

void shell(const std::string& command) {
  INFO(command);
  REQUIRE(std::system((command + " >/dev/null 2>&1").c_str()) == 0);
}

ByteVector read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Files of 300 bytes and of 100 KB in the root of an 8 MiB volume.
ByteVector make_volume() {
  const TempFolder folder;
  const std::string image = folder / "volume", small = folder / "small", large = folder / "large";
  std::ofstream(image).close();
  std::filesystem::resize_file(image, 8 << 20);
  std::ofstream(small) << std::string(300, 's');
  std::ofstream(large) << std::string(100'000, 'l');
  shell("mkntfs -F -Q -s 512 -c 4096 -p 0 -H 255 -S 63 -L crash " + image);
  for (int i = 0; i < 4; ++i) {
    for (const std::string& file : {small, large}) {
      std::ostringstream command;
      command << "ntfscp -f " << image << " " << file << " "
              << std::filesystem::path(file).filename().string() << "-" << i << ".sys";
      shell(command.str());
    }
  }
  return read_file(image);
}

// The view of a volume that repair works on, over bytes in memory.
struct View {
  explicit View(std::shared_ptr<block::BlockDevice> disk) {
    volume.name = "the volume";
    volume.before.overlay = std::make_shared<block::Overlay>(std::move(disk));
    volume.before.plain = volume.before.partition = volume.before.overlay;
    volume.ntfs = std::make_unique<ntfs::Volume>(*volume.before.plain);
    volume.state = ntfs::read_state(*volume.ntfs);
  }
  repair::Volume volume;
};

repair::Plan plan_for(ntfs::Volume& volume, manifest::Action action) {
  repair::Plan plan;
  for (const char* name : {"large-1.sys", "small-2.sys"}) {
    const auto found = ntfs::resolve(volume, name);
    REQUIRE(found.found());
    plan.actions.push_back({action, *found.entry, ntfs::kRootDirectory, found.entry->name + u".gone"});
  }
  if (action == manifest::Action::kQuarantine) plan.quarantine_folder = u"0011223344556677";
  return plan;
}

Scenario repair_of(const std::string& name, const ByteVector& bytes, manifest::Action action) {
  Scenario scenario;
  scenario.name = name;
  scenario.before = bytes;
  scenario.prepare = [action](block::Overlay& overlay) {
    // `overlay` belongs to the harness; the view of the volume as it was has its own copy.
    ByteVector before(static_cast<size_t>(overlay.size_bytes()));
    overlay.read(0, before);
    View view(std::make_shared<MemoryDevice>(std::move(before)));
    Nobody nobody;
    repair::Stack after;
    after.overlay = std::shared_ptr<block::Overlay>(&overlay, [](block::Overlay*) {});
    after.plain = after.partition = after.overlay;
    view.volume.partition.size_bytes = overlay.size_bytes();
    const auto edits = repair::apply(view.volume, plan_for(*view.volume.ntfs, action), after, {}, nobody);
    repair::verify(view.volume, after, edits, repair::CheckDepth::kFull, nobody);
    std::vector<std::pair<uint64_t, uint64_t>> witnesses;
    for (const ntfs::Range& range : ntfs::witness_ranges(*view.volume.ntfs)) {
      witnesses.emplace_back(range.offset, range.length);
    }
    return witnesses;
  };
  return scenario;
}

Scenario replay_of(const std::string& name, const ByteVector& bytes) {
  Scenario scenario;
  scenario.name = name;
  scenario.before = bytes;
  scenario.prepare = [bytes](block::Overlay& overlay) {
    std::vector<std::pair<uint64_t, uint64_t>> witnesses;
    MemoryDevice before{ByteVector(bytes)};
    ntfs::Volume volume(before);
    for (const ntfs::Range& range : ntfs::witness_ranges(volume)) {
      witnesses.emplace_back(range.offset, range.length);
    }
    ntfs::replay_log(overlay, [&](ntfs::ReplayStage stage) {
      overlay.end_stage(stage == ntfs::ReplayStage::kPages ? block::Stage::kReplay
                                                           : block::Stage::kLogRestart);
    });
    return witnesses;
  };
  return scenario;
}

void cut_everywhere(CrashMatrix& matrix, const std::string& name) {
  {
    MemoryDevice after{ByteVector(matrix.after())};
    ntfs::Volume volume(after);
    CHECK(ntfs::check_full(volume).clean());
    CHECK(ntfs::read_state(volume).safe());
  }
  matrix.cut_everywhere();
  matrix.use_after_every_cut();
  matrix.fail_disk_everywhere();
  matrix.pull_stick_everywhere();
  const Counts& counts = matrix.counts();
  std::cout << name << ": " << counts.cuts << " cuts, " << counts.nested_cuts << " nested, " << counts.uses
            << " uses by another, " << counts.disk_failures << " disk failures, " << counts.pulled_sticks
            << " pulled sticks" << std::endl;
  CHECK(counts.cuts > 0);
  CHECK(counts.nested_cuts > 0);
  CHECK(counts.uses > 0);
}

void run_matrix(const std::string& name, manifest::Action action) {
  if (!need_program("mkntfs") || !need_program("ntfscp")) return;
  CrashMatrix matrix(repair_of(name, make_volume(), action));
  MemoryDevice after{ByteVector(matrix.after())};
  ntfs::Volume volume(after);
  CHECK_FALSE(ntfs::resolve(volume, "large-1.sys").found());
  cut_everywhere(matrix, name);
}

TEST_CASE("a deletion cut anywhere is before or after, and never touches a volume used since", "[crash]") {
  run_matrix("delete", manifest::Action::kDelete);
}

TEST_CASE("a rename cut anywhere is before or after, and never touches a volume used since", "[crash]") {
  run_matrix("rename", manifest::Action::kRename);
}

TEST_CASE("a quarantine cut anywhere is before or after, and never touches a volume used since", "[crash]") {
  run_matrix("quarantine", manifest::Action::kQuarantine);
}

TEST_CASE("a replay cut anywhere and resumed equals the replay", "[crash]") {
  const std::string packed = "../shared/data/unclean-logs/xp7.pending.v11.img.xz";
  if (!need_data(packed) || !need_program("xz")) return;
  const TempFolder folder;
  shell("cp " + packed + " " + folder / "volume.xz" + " && xz --decompress " + folder / "volume.xz");
  CrashMatrix matrix(replay_of("replay", read_file(folder / "volume")));
  cut_everywhere(matrix, "replay");
}

}  // namespace
}  // namespace mend::test
