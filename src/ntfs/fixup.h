// SPDX-License-Identifier: GPL-3.0-or-later
// Multi-sector protection: each 512-byte stride of a record, index block or log page ends with a
// check value whose place was taken from the last two bytes. The stride is 512 whatever the sector
// size.
//
// Invariants
//   NF-1  Bytes change only when the whole block proves right; a torn block stays as it was read.
#pragma once

#include "base/bytes.h"

namespace mend::ntfs {

inline constexpr uint32_t kStrideBytes = 512;

enum class Protection {
  kIntact,    // every stride carried the check value; the real bytes are back in place
  kTorn,      // some stride does not: the block was written in part
  kBadArray,  // offset or count of the array make no sense
};

// Puts the real bytes back. `block`: a whole block, its size a multiple of the stride.
Protection remove_fixups(MutableBytes block);
// The reverse, with the next check value. REQUIRES: remove_fixups gave kIntact.
void apply_fixups(MutableBytes block);

inline constexpr uint32_t kMagicFile = 0x454c4946;   // "FILE"
inline constexpr uint32_t kMagicIndex = 0x58444e49;  // "INDX"
inline constexpr uint32_t kMagicBaad = 0x44414142;   // "BAAD": a check found it damaged

}  // namespace mend::ntfs
