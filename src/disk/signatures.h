// SPDX-License-Identifier: GPL-3.0-or-later
// The fence around libblkid: which superblocks it knows in bytes that we have read. It never sees the disk:
// the bytes lie in a sparse memory file of the disk's size, so a failing disk fails in our own reader, and
// libblkid can neither read more than we allow nor take an error for "nothing there".
//
// All matches are listed, not the most likely one: where libblkid would call the result ambivalent, the
// caller sees each candidate and decides.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace mend::disk {

struct Piece {
  uint64_t offset;
  Bytes bytes;
};

struct Signature {
  std::string type;  // libblkid's name: "ext4", "nvidia_raid_member", "LVM2_member"
  bool is_array;     // a member of an array or of a volume manager
};

// What the pieces of a disk or partition of `size_bytes` hold; what is in none of them reads as zero. kIo
// when the system has no memory file for it.
std::vector<Signature> find_signatures(uint64_t size_bytes, uint32_t sector_bytes,
                                       const std::vector<Piece>& pieces);

}  // namespace mend::disk
