// SPDX-License-Identifier: GPL-3.0-or-later
// The crash matrix over synthetic disks: blocks of random bytes, stages as the commit order has them.
#include <iostream>

#include "tests/crash/harness.h"
#include "tests/support/catch.h"

namespace mend::test {
namespace {

using block::Stage;

constexpr size_t kDiskBytes = 40 * 4096 + 1536;          // the last block is short
constexpr uint64_t kVolumeRecord = 5 * 4096 + 3 * 1024;  // beside MFT records that edits change
constexpr uint64_t kVolumeMirror = 20 * 4096 + 3 * 1024;
constexpr uint64_t kRestartPages = 11 * 4096;

ByteVector random_bytes(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  ByteVector bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

void scribble(block::Overlay& overlay, uint64_t offset, size_t length, uint64_t seed) {
  overlay.write(offset, random_bytes(length, seed));
}

void set_dirty_flag(block::Overlay& overlay, uint8_t value) {
  for (const uint64_t record : {kVolumeRecord, kVolumeMirror}) overlay.write(record + 0x80, Bytes(&value, 1));
}

using Places = std::vector<std::pair<uint64_t, uint64_t>>;
const Places kWitnesses = {{kRestartPages, 8192}, {kVolumeRecord, 1024}};

Scenario base(const std::string& name) {
  Scenario scenario;
  scenario.name = name;
  scenario.before = random_bytes(kDiskBytes, 42);
  scenario.before[kVolumeRecord + 0x80] = 0;
  scenario.before[kVolumeMirror + 0x80] = 0;
  scenario.partition_offset = 2 * 4096 + 512;  // a partition that is not aligned to blocks
  return scenario;
}

// One deleted file: dirty flag, a few records and index blocks, the flag again.
Scenario plain_delete() {
  Scenario scenario = base("delete");
  scenario.prepare = [](block::Overlay& overlay) {
    set_dirty_flag(overlay, 1);
    overlay.end_stage(Stage::kDirtySet);
    scribble(overlay, 5 * 4096 + 100, 60, 1);  // the block of $Volume's record
    scribble(overlay, 7 * 4096 + 700, 1500, 2);
    scribble(overlay, 8 * 4096, 4096, 3);         // its neighbour
    scribble(overlay, 31 * 4096 + 4000, 200, 4);  // over the border of two blocks
    scribble(overlay, 40 * 4096 + 1000, 300, 5);  // the short last block
    overlay.end_stage(Stage::kEdits);
    set_dirty_flag(overlay, 0);
    overlay.end_stage(Stage::kDirtyRestore);
    return kWitnesses;
  };
  return scenario;
}

// All nine stages, with blocks that several of them change.
Scenario everything() {
  Scenario scenario = base("replay and delete");
  scenario.prepare = [](block::Overlay& overlay) {
    overlay.write(35 * 4096, ByteVector(4096));
    overlay.end_stage(Stage::kHibernation);
    set_dirty_flag(overlay, 1);
    overlay.end_stage(Stage::kReplayDirtySet);
    scribble(overlay, 7 * 4096, 512, 11);
    scribble(overlay, 14 * 4096, 3 * 4096, 12);
    overlay.end_stage(Stage::kReplay);
    scribble(overlay, kRestartPages, 8192, 13);
    overlay.end_stage(Stage::kLogRestart);
    scribble(overlay, 14 * 4096 + 700, 80, 16);
    overlay.end_stage(Stage::kUndo);
    set_dirty_flag(overlay, 0);
    overlay.end_stage(Stage::kReplayDirtyRestore);
    set_dirty_flag(overlay, 1);
    overlay.end_stage(Stage::kDirtySet);
    scribble(overlay, 7 * 4096 + 256, 512, 14);
    scribble(overlay, 15 * 4096 + 8, 8, 15);
    overlay.end_stage(Stage::kEdits);
    set_dirty_flag(overlay, 0);
    overlay.end_stage(Stage::kDirtyRestore);
    return kWitnesses;
  };
  return scenario;
}

// A volume that was dirty already: no flag to set or restore.
Scenario edits_only() {
  Scenario scenario = base("edits of a dirty volume");
  scenario.prepare = [](block::Overlay& overlay) {
    scribble(overlay, 9 * 4096, 3 * 4096, 21);
    overlay.end_stage(Stage::kEdits);
    return kWitnesses;
  };
  return scenario;
}

// The flag alone, there and back: old and new bytes are the same.
Scenario there_and_back() {
  Scenario scenario = base("there and back");
  scenario.prepare = [](block::Overlay& overlay) {
    set_dirty_flag(overlay, 1);
    overlay.end_stage(Stage::kDirtySet);
    set_dirty_flag(overlay, 0);
    overlay.end_stage(Stage::kDirtyRestore);
    return Places{{kRestartPages + 5, 10}};
  };
  return scenario;
}

// Blocks larger than a memory page, on a disk that writes 16 KiB as one piece.
Scenario large_blocks() {
  Scenario scenario = plain_delete();
  scenario.name = "delete, physical blocks of 16 KiB";
  scenario.physical_block_bytes = 16384;
  return scenario;
}

// Any stages, any blocks, many of them changed by several.
Scenario anything(uint64_t seed) {
  Scenario scenario = base("anything " + std::to_string(seed));
  scenario.prepare = [seed](block::Overlay& overlay) {
    std::mt19937_64 random(seed);
    for (const Stage stage :
         {Stage::kHibernation, Stage::kReplayDirtySet, Stage::kReplay, Stage::kLogRestart, Stage::kUndo,
          Stage::kReplayDirtyRestore, Stage::kDirtySet, Stage::kEdits, Stage::kDirtyRestore}) {
      const uint64_t writes = stage == Stage::kEdits ? 1 + random() % 3 : random() % 3;
      for (uint64_t i = 0; i < writes; ++i)
        scribble(overlay, 3 * 4096 + random() % (6 * 4096), 1 + random() % 5000, random());
      overlay.end_stage(stage);
    }
    return Places{{kRestartPages, 8192}};
  };
  return scenario;
}

void run_all(Scenario scenario) {
  const std::string name = scenario.name;
  CrashMatrix matrix(std::move(scenario));
  matrix.cut_everywhere();
  matrix.use_after_every_cut();
  matrix.fail_disk_everywhere();
  matrix.pull_stick_everywhere();
  const Counts& counts = matrix.counts();
  std::cout << name << ": " << matrix.events() << " events; " << counts.cuts << " cuts, "
            << counts.nested_cuts << " nested, " << counts.uses << " uses by another, "
            << counts.disk_failures << " disk failures, " << counts.pulled_sticks << " pulled sticks\n";
  CHECK(counts.cuts >= matrix.events() * 4);
  CHECK(counts.nested_cuts > matrix.events());
  CHECK(counts.uses > matrix.events());
  CHECK(counts.disk_failures > 0);
  CHECK(counts.pulled_sticks > 0);
}

}  // namespace

TEST_CASE("J-3, W-1 to W-5: a delete that is cut anywhere leads to before or after", "[crash]") {
  run_all(plain_delete());
}

TEST_CASE("W-5: with all nine stages, each cut leaves the disk between two neighbouring stages", "[crash]") {
  run_all(everything());
}

TEST_CASE("A volume without stages of the dirty flag is before or after, too", "[crash]") {
  run_all(edits_only());
}

TEST_CASE("A block that changes and changes back is no riddle for resume", "[crash]") {
  run_all(there_and_back());
}

TEST_CASE("Blocks larger than 4096 bytes are torn and mended as well", "[crash]") {
  run_all(large_blocks());
}

TEST_CASE("Any blocks in any stages are before or after", "[crash]") {
  for (uint64_t seed = 1; seed <= (is_long_run() ? 20u : 3u); ++seed) run_all(anything(seed));
}

}  // namespace mend::test
