// SPDX-License-Identifier: GPL-3.0-or-later
// Where a replay writes: the volume, through blocks that are kept until enough of them wait, since a log
// changes the same few pages again and again. Borrows the device.
//
// Invariants
//   NLW-1  Nothing outside the file system and nothing inside a guarded range (the log itself) is written:
//          kCorrupt instead.
//   NLW-2  A read sees the writes before it. After write_out() the device has them all, in order of offset.
//   NLW-3  At most kMostBlocks blocks are held.
//   NLW-4  Only sectors of 512 bytes that differ from what was read are written: a neighbour that must not be
//          written to, such as BitLocker's metadata, is left alone.
#pragma once

#include <map>
#include <vector>

#include "block/block_device.h"
#include "ntfs/types.h"

namespace mend::ntfs {

class ReplayTarget {
 public:
  static constexpr uint64_t kBlockBytes = 4096;
  static constexpr size_t kMostBlocks = 4096;

  ReplayTarget(block::BlockDevice& device, uint64_t volume_bytes, std::vector<Range> guarded);

  void read(const std::vector<Range>& from, MutableBytes out);
  void write(const std::vector<Range>& to, Bytes data);
  void write_out();

 private:
  struct Block {
    ByteVector bytes;
    uint32_t changed = 0;  // one bit for each 512 bytes
  };
  Block& block(uint64_t number);
  void check(const Range& range) const;

  block::BlockDevice& device_;
  uint64_t volume_bytes_;
  std::vector<Range> guarded_;
  std::map<uint64_t, Block> blocks_;
};

}  // namespace mend::ntfs
