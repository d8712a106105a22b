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
  const BlockRange wanted{offset / kBlockBytes, (offset + out.size() - 1) / kBlockBytes + 1};
  BlockRange missing{wanted.end, wanted.first};
  for (uint64_t block = wanted.first; block < wanted.end; ++block) {
    if (find(block) != nullptr) continue;
    missing.first = std::min(missing.first, block);
    missing.end = block + 1;
  }
  if (missing.first < missing.end) fetch(missing, wanted);
  while (!out.empty()) {
    const ByteVector& block = *find(offset / kBlockBytes);
    const uint64_t within = offset % kBlockBytes;
    const auto piece = static_cast<size_t>(std::min<uint64_t>(out.size(), block.size() - within));
    std::copy_n(block.begin() + static_cast<ptrdiff_t>(within), piece, out.begin());
    offset += piece;
    out = out.subspan(piece);
  }
}

// Brings in `missing`, a part of `wanted`, all of which is in the cache afterwards.
void BlockCache::fetch(const BlockRange& missing, const BlockRange& wanted) {
  const uint64_t start = missing.first * kBlockBytes;
  const uint64_t end = std::min(missing.end * kBlockBytes, reader_.size_bytes());
  const ByteVector bytes = reader_.read_bytes(start, end - start);
  for (uint64_t block = missing.first; block < missing.end; ++block) {
    if (find(block) != nullptr) continue;
    const size_t slot = free_slot(wanted);
    const auto at = static_cast<size_t>((block - missing.first) * kBlockBytes);
    const Bytes content = Bytes(bytes).subspan(at, std::min<size_t>(kBlockBytes, bytes.size() - at));
    blocks_[slot].block = block;
    blocks_[slot].bytes.assign(content.begin(), content.end());
    slots_[block] = slot;
  }
}

// The slot whose turn it is, but none that holds a block of `wanted`.
size_t BlockCache::free_slot(const BlockRange& wanted) {
  if (blocks_.size() < kBlocks) {
    blocks_.emplace_back();
    return blocks_.size() - 1;
  }
  while (wanted.holds(blocks_[next_].block)) next_ = (next_ + 1) % kBlocks;
  const size_t slot = next_;
  next_ = (next_ + 1) % kBlocks;
  slots_.erase(blocks_[slot].block);
  return slot;
}

const ByteVector* BlockCache::find(uint64_t block) const {
  const auto found = slots_.find(block);
  return found == slots_.end() ? nullptr : &blocks_[found->second].bytes;
}

}  // namespace mend::ntfs
