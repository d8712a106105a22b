// SPDX-License-Identifier: GPL-3.0-or-later
// Where a disk stands on the way from the old images to the new ones, told by its bytes alone. For commit.cc.
//
// Position p means: p stages are done. At p every block has its newest image of the first p stages. What a
// cut leaves between p and p + 1 is, block by block, the image of p, that of p + 1, or a mix of the two by
// 512 bytes. A block that is changed and changed back (the dirty flag) has the same bytes at several
// positions; all blocks together tell which is meant, and where even they do not, the bytes on the disk are
// the same for each.
#pragma once

#include "journal/journal.h"
#include "journal/reporter.h"

namespace mend::journal {

// Which image the block has at a position. REQUIRES: position <= journal.stages().size().
size_t image_at(const Journal& journal, const Block& block, size_t position);

struct Placement {
  static constexpr size_t kTorn = SIZE_MAX;
  std::vector<size_t> images;           // of each block: an image that it equals, or kTorn
  unsigned positions = 0;               // bit p: all blocks fit between p and p + 1
  std::optional<std::string> conflict;  // a block that fits nowhere, or a witness that changed
  uint64_t torn_blocks = 0;
  uint64_t bytes_read = 0;

  // Each block fits somewhere, but not all at one position.
  bool out_of_order() const { return positions == 0 && !conflict; }
  // All blocks are exactly at the position.
  bool is_at(const Journal& journal, size_t position) const;
};

// The dirty flag's bytes are on the disk, as a stage that sets it, or one before it is put back, has them.
// False without such a stage.
bool shows_dirty_flag(const Journal& journal, block::BlockReader& disk);
// The stage that set the dirty flag which counts at the position; nothing where none does.
std::optional<block::Stage> flag_at(const Journal& journal, size_t position);

// Reads all blocks and witnesses past the cache. kIo. Stops at the first conflict.
Placement locate(const Journal& journal, block::BlockReader& disk, Reporter& report, Step step);

}  // namespace mend::journal
