// SPDX-License-Identifier: GPL-3.0-or-later
// The crash matrix over real repairs of a real NTFS volume of 8 MiB, made by mkntfs: what a cut leaves, and
// what resume and undo make of it.
#include <sstream>

#include "ntfs/path.h"
#include "ntfs/replay.h"
#include "repair/apply.h"
#include "repair/replay.h"
#include "tests/crash/volume/volume.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"

namespace mend::test {
namespace {

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
    const auto edits =
        repair::apply(view.volume, plan_for(*view.volume.ntfs, action), after, {}, std::nullopt, nobody);
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
    ntfs::replay_log(overlay, [&](ntfs::ReplayStage stage) { overlay.end_stage(repair::stage_of(stage)); });
    return witnesses;
  };
  return scenario;
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

// Empty when it is not at hand.
ByteVector unclean_volume(const std::string& name) {
  const std::string packed = "../shared/data/unclean-logs/" + name + ".img.xz";
  if (!need_data(packed) || !need_program("xz")) return {};
  const TempFolder folder;
  shell("cp " + packed + " " + folder / "volume.xz" + " && xz --decompress " + folder / "volume.xz");
  return read_file(folder / "volume");
}

TEST_CASE("a replay cut anywhere and resumed equals the replay", "[crash]") {
  for (const std::string name : {"xp7.pending.v11", "xp7.uncommitted.v11"}) {
    const ByteVector volume = unclean_volume(name);
    if (volume.empty()) return;
    CrashMatrix matrix(replay_of(name, volume));
    cut_everywhere(matrix, name);
  }
}

struct Found {
  size_t old = 0, replayed = 0, torn = 0, to_check = 0, whole = 0;
};

// What Windows does with a disk that no stick comes back to: it replays the log, and checks where the dirty
// flag is set. Its undo looks at no LSN, so nothing may be taken back already where it would take back.
void meet_windows(const ByteVector& disk, const ByteVector& before, const ByteVector& wanted, uint64_t undone,
                  Found& found) {
  MemoryDevice device{ByteVector(disk)};
  const ntfs::VolumeState state = [&] {
    ntfs::Volume volume(device);
    return ntfs::read_state(volume);
  }();
  if (state.log == ntfs::LogState::kUnclean) {
    if (!state.dirty) CHECK(equal(content_of(disk), before));
    try {
      const ntfs::ReplayResult result = ntfs::replay_log(device);
      CHECK(result.undone == undone);
      CHECK(equal(content_of(device.bytes), wanted));
      ++(state.dirty ? found.replayed : found.old);
    } catch (const Error& error) {
      // An index block that lies in two blocks of the disk, of which one was written.
      CHECK(error.id() == std::string("ntfs.replay.torn"));
      CHECK(state.dirty);
      ++found.torn;
    }
  } else if (state.dirty) {
    ++found.to_check;
  } else {
    CHECK(equal(content_of(disk), wanted));
    ++found.whole;
  }
}

TEST_CASE("NRP-4: a replay cut anywhere, with the stick gone, leaves what Windows brings to an end",
          "[crash]") {
  for (const std::string name : {"xp7.pending.v11", "xp7.uncommitted.v11", "charlie.stolen.v20"}) {
    INFO(name);
    const ByteVector volume = unclean_volume(name);
    if (volume.empty()) return;
    const auto below = std::make_shared<MemoryDevice>(ByteVector(volume));
    block::Overlay overlay(below);
    const ntfs::ReplayResult result = ntfs::replay_log(
        overlay, [&](ntfs::ReplayStage stage) { overlay.end_stage(repair::stage_of(stage)); });
    ByteVector after(volume.size());
    overlay.read(0, after);
    const ByteVector old = content_of(volume), wanted = content_of(after);
    Found found;
    std::mt19937 random(7);
    ByteVector disk = volume;
    const auto put = [](ByteVector& on, uint64_t offset, const ByteVector& bytes) {
      std::copy(bytes.begin(), bytes.end(), on.begin() + static_cast<ptrdiff_t>(offset));
    };
    for (const block::StageImages& stage : overlay.stages()) {
      // A disk writes what it was given since the last flush in any order.
      for (int attempt = 0; attempt < (is_long_run() ? 60 : 12); ++attempt) {
        ByteVector cut = disk;
        for (const auto& [offset, bytes] : stage.blocks)
          if (random() % 2 != 0) put(cut, offset, bytes);
        meet_windows(cut, old, wanted, result.undone, found);
      }
      for (const auto& [offset, bytes] : stage.blocks) {
        put(disk, offset, bytes);
        meet_windows(disk, old, wanted, result.undone, found);
      }
    }
    std::cout << name << ": " << found.old << " old, " << found.replayed << " to replay and check, "
              << found.torn << " torn, " << found.to_check << " to check, " << found.whole << " whole"
              << std::endl;
    CHECK(found.old > 0);
    CHECK(found.replayed > 0);
    CHECK(found.to_check > 0);
    CHECK(found.whole > 0);
  }
}

}  // namespace
}  // namespace mend::test
