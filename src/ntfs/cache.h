// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks of the volume that small reads went through. Records, index blocks and bitmap bytes that
// are asked for again and again cost one read; bulk reading passes it by.
#pragma once

#include <unordered_map>
#include <vector>

#include "block/block_device.h"

namespace mend::ntfs {

class BlockCache {
 public:
  static constexpr uint64_t kBlockBytes = 4096;
  static constexpr size_t kBlocks = 256;
  static constexpr size_t kLargestCachedRead = 16 << 10;

  explicit BlockCache(block::BlockReader& reader) : reader_(reader) {}
  // As BlockReader::read; missing blocks that lie together are one read.
  void read(uint64_t offset, MutableBytes out);

 private:
  struct BlockRange {
    uint64_t first;
    uint64_t end;
    bool holds(uint64_t block) const { return block >= first && block < end; }
  };
  struct Slot {
    uint64_t block = 0;
    ByteVector bytes;  // the last block of a device may be short
  };
  void fetch(const BlockRange& missing, const BlockRange& wanted);
  size_t free_slot(const BlockRange& wanted);
  const ByteVector* find(uint64_t block) const;

  block::BlockReader& reader_;
  std::unordered_map<uint64_t, size_t> slots_;  // block → slot
  std::vector<Slot> blocks_;                    // at most kBlocks
  size_t next_ = 0;                             // the slot that is given up next, in turn
};

}  // namespace mend::ntfs
