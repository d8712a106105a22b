// SPDX-License-Identifier: GPL-3.0-or-later
// The only code that writes to a customer's disk: forward to the new images (commit, resume), back to the old
// ones (roll-back, undo). Below BitLocker, on raw blocks, by a journal. Called by repair/; a lost power at
// any instant is what it is made for (tests/crash).
//
// A *position* is a count of stages that are done. Every walk, in either direction, goes through the same
// positions one after the other, with a flush between them. So what a cut leaves is one position, or a
// mixture of two neighbours, and each is safe for Windows by the order of the stages (block/overlay.h).
//
// Invariants
//   W-1  Before the first write every journaled block has been compared: old image (commit), or an image of
//        the journal, or a mix by 512 bytes of two neighbours (resume, undo). Anything else, or a witness
//        that is not as it was: kConflict, and nothing is written.
//   W-2  No write outside the journal's blocks; only whole blocks.
//   W-3  A flush after each stage; the next stage starts only after it succeeded.
//   W-4  "Committed", "rolled back" and "undone" are said only after all blocks were read back past the
//        cache.
//   W-5  While an edit, or a replay, is neither all on the disk nor all off it, the image of the dirty flag
//        that belongs to it (kDirtySet, kReplayDirtySet) is on the disk, where the journal has one.
//   W-6  What is thrown was thrown before the first write. After it, the result tells.
//   W-7  The header of a saved session is read back as given up before anything else is written, and is put
//        back only after everything else was read back as it was. On a disk that does not hold what is
//        written to it, the session stays given up.
#pragma once

#include "journal/journal.h"

namespace mend::journal {

enum class Outcome {
  kCommitted,       // the new images are on the disk, read back
  kRolledBack,      // the disk failed to write; the old images are on it, read back (verdict failed)
  kUndone,          // undo: the old images are on the disk, read back
  kNothingWritten,  // the journal never became valid: nothing had been written, nothing to do
  kAlreadyDone,     // the journal's work was finished before; see state()
  kLeftOpen,        // the disk failed, and putting the old images back failed too; the journal stays open
};
std::string_view to_string(Outcome outcome);

struct Result {
  Outcome outcome = Outcome::kNothingWritten;
  uint64_t blocks_written = 0;  // writes of blocks, to the disk
  uint64_t bytes_written = 0;
  uint64_t bytes_read = 0;  // compared and read back
  // The final state reached the stick. False when it vanished or failed: the disk is as `outcome` says all
  // the same, and a later resume will find that there is nothing left to write.
  bool journal_marked = false;
  // kLeftOpen: the dirty flag's image is on the disk, read back.
  bool dirty_flag_left_set = false;
  // Blocks were found that only a disk that did not keep the order of flushes can have left.
  bool out_of_order = false;
  std::string problem;  // what failed: for kRolledBack, kLeftOpen, or when journal_marked is false
};

// Where a disk stands, without writing to it.
struct Survey {
  enum class Place { kOld, kBetween, kNew };  // all old images; some of both; all new images
  Place place = Place::kOld;
  uint64_t blocks = 0, torn_blocks = 0;
  std::optional<std::string> conflict;  // what shows that the volume was used since, or is another
};
// kIo when the disk cannot be read. REQUIRES: the journal is not kEmpty.
Survey survey(const Journal& journal, block::BlockReader& disk);

// Brings the new images to the disk, stage by stage. REQUIRES: a journal from create().
// Before the first write: kConflict "journal.commit.changed" when the disk no longer has the old images, kIo
// when it cannot be read or the stick cannot take the valid mark; nothing is written then.
// After it, a failure of the disk leads to kRolledBack or kLeftOpen; a failure of the stick is told only.
Result commit(Journal& journal, block::BlockDevice& disk, const Progress& progress = {});

// Finishes what was interrupted: forward when the journal is valid, back when it was rolling back or undoing.
// `present` is the volume that `disk` is. kRefused "journal.target" when it is another one, kConflict when
// the volume was used since, kIo when it cannot be read; nothing is written then, and the journal stays open.
Result resume(Journal& journal, block::BlockDevice& disk, const Target& present,
              const Progress& progress = {});

// Puts the old images back, from any state but kEmpty. Errors as resume; also kIo when the stick cannot take
// the mark that undo was begun.
Result undo(Journal& journal, block::BlockDevice& disk, const Target& present, const Progress& progress = {});

}  // namespace mend::journal
