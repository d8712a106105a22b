// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/cache.h"

#include <algorithm>

namespace mend::ntfs {

void BlockCache::read(uint64_t offset, MutableBytes out) {
  const uint64_t size = reader_.size_bytes();
  if (out.size() > kLargestCachedRead || !fits(offset, out.size(), size)) {
    reader_.read(offset, out);  // refuses what lies outside
    return;
  }
  if (out.empty()) return;
  const uint64_t end_block = (offset + out.size() - 1) / kBlockBytes + 1;
  uint64_t first_missing = end_block, end_missing = offset / kBlockBytes;
  for (uint64_t block = offset / kBlockBytes; block < end_block; ++block) {
    if (find(block) != nullptr) continue;
    first_missing = std::min(first_missing, block);
    end_missing = block + 1;
  }
  if (first_missing < end_missing) fetch(first_missing, end_missing);
  while (!out.empty()) {
    const ByteVector& block = *find(offset / kBlockBytes);
    const uint64_t within = offset % kBlockBytes;
    const auto piece = static_cast<size_t>(std::min<uint64_t>(out.size(), block.size() - within));
    std::copy_n(block.begin() + static_cast<ptrdiff_t>(within), piece, out.begin());
    offset += piece;
    out = out.subspan(piece);
  }
}

// A read of at most five blocks never pushes out what it has just brought in.
void BlockCache::fetch(uint64_t first_block, uint64_t end_block) {
  const uint64_t start = first_block * kBlockBytes;
  const uint64_t end = std::min(end_block * kBlockBytes, reader_.size_bytes());
  const ByteVector bytes = reader_.read_bytes(start, end - start);
  for (uint64_t block = first_block; block < end_block; ++block) {
    if (find(block) != nullptr) continue;
    if (blocks_.size() < kBlocks) blocks_.emplace_back(), next_ = blocks_.size() - 1;
    Slot& slot = blocks_[next_];
    next_ = (next_ + 1) % kBlocks;
    if (slot.block != UINT64_MAX) slots_.erase(slot.block);
    const auto from = bytes.begin() + static_cast<ptrdiff_t>((block - first_block) * kBlockBytes);
    slot.bytes.assign(from, from + static_cast<ptrdiff_t>(
                                       std::min(kBlockBytes, static_cast<uint64_t>(bytes.end() - from))));
    slot.block = block;
    slots_[block] = static_cast<size_t>(&slot - blocks_.data());
  }
}

const ByteVector* BlockCache::find(uint64_t block) const {
  const auto found = slots_.find(block);
  return found == slots_.end() ? nullptr : &blocks_[found->second].bytes;
}

}  // namespace mend::ntfs
