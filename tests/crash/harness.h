// SPDX-License-Identifier: GPL-3.0-or-later
// Takes a repair, commits it again and again, and each time cuts the power (or breaks the disk, or pulls the
// stick) somewhere else. What a repair is, a Scenario tells: bytes of a disk, and what a run would write into
// the overlay. The volume may be anything; synthetic blocks and real NTFS volumes take the same path.
//
// After every cut, before anything else runs:
//   the disk is between two neighbouring positions of the commit (that is what makes it safe for Windows: an
//   edit is on the disk only while the dirty flag's image is, see DESIGN's commit order), and then
//   resume leads to *before* or *after*, undo to *before*, both also when they are cut themselves;
//   once a byte was changed by another, resume and undo write nothing.
//
// MEND_LONG=1 in the environment: everything; else a sample with fixed seeds.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "journal/commit.h"
#include "tests/support/crash_device.h"

namespace mend::test {

struct Scenario {
  std::string name;
  ByteVector before;
  uint32_t physical_block_bytes = 512;
  uint64_t partition_offset = 0;
  uint64_t partition_size = 0;  // 0: to the end of the disk
  // Makes the repair in the overlay, with end_stage(), and tells the witnesses' places {offset, length}.
  std::function<std::vector<std::pair<uint64_t, uint64_t>>(block::Overlay&)> prepare;
  // Of the wrecks of a sampled run, and of a long one, one in so many has its resume and undo cut as well.
  uint64_t nested_sample = 17, long_nested_sample = 1;
  // Looks at the disk after every cut, on whichever way; FAILs where Windows would do harm to it. May be
  // null.
  std::function<void(const SparseBytes& disk, const std::string& story)> judge;
};

// How much was run, for the report.
struct Counts {
  uint64_t cuts = 0;         // of a creation and commit
  uint64_t nested_cuts = 0;  // of a resume, an undo or a roll-back
  uint64_t uses = 0;         // a byte changed by another before resume and undo
  uint64_t disk_failures = 0;
  uint64_t pulled_sticks = 0;
};

class CrashMatrix {
 public:
  explicit CrashMatrix(Scenario scenario);

  // Each of these FAILs the test, with the seed and the event, at the first thing that is wrong.
  void cut_everywhere();         // creation and commit, then resume or undo, cut as well
  void use_after_every_cut();    // by "Windows": a witness or a journaled block changes
  void fail_disk_everywhere();   // each write and flush, once or for good; the roll-back cut as well
  void pull_stick_everywhere();  // during the commit

  const Counts& counts() const { return counts_; }
  ByteVector after() const { return positions_.back().to_vector(); }
  // Events of a creation and a commit that nothing disturbs, and of the creation alone.
  uint64_t events() const { return events_; }
  uint64_t creation_events() const { return creation_events_; }

 private:
  // What is there when the power comes back.
  struct Wreck {
    SparseBytes disk;
    CrashStore::Files files;
    std::string story;  // for the message
  };
  enum class Way { kResume, kUndo };
  // What is done to the disk's writes and flushes, from the `at`th on (counted on the disk alone).
  struct Fault {
    enum class Kind { kNone, kFailOnce, kFailForGood, kPullStick };
    Kind kind = Kind::kNone;
    uint64_t at = 0;
  };
  struct Run {
    explicit Run(const SparseBytes& disk) : wreck{disk, {}, {}} {}
    Wreck wreck;
    std::optional<journal::Result> result;  // nothing when the power went
    uint64_t events = 0, disk_events = 0;
  };
  class FaultyDisk;

  const SparseBytes& disk_before() const { return positions_.front(); }
  const SparseBytes& disk_after() const { return positions_.back(); }
  journal::Request request() const;
  Run commit_run(uint64_t seed, uint64_t cut, Fate fate, Fault fault) const;
  Run finish_run(const Wreck& wreck, Way way, uint64_t seed, uint64_t cut, Fate fate) const;
  void check_between_positions(const Wreck& wreck) const;
  void check_finish(const Wreck& wreck, Way way) const;
  void check_finish_cut(const Wreck& wreck, Way way, uint64_t seed);
  void check_used(const Wreck& wreck, uint64_t seed);
  void check_refuses(Wreck wreck, uint64_t offset, uint8_t value);

  Scenario scenario_;
  std::vector<block::StageImages> stages_;
  std::vector<journal::Witness> witnesses_;
  uint32_t block_bytes_ = 0;
  std::vector<SparseBytes> positions_;  // the whole disk after each stage; [0] is before
  uint64_t events_ = 0, creation_events_ = 0, disk_events_ = 0;
  Counts counts_;
};

// MEND_LONG is set.
bool is_long_run();

}  // namespace mend::test
