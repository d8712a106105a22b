// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kSectorBytes = 512;

}  // namespace

ReplayTarget::ReplayTarget(block::BlockDevice& device, uint64_t volume_bytes, std::vector<Range> guarded)
    : device_(device),
      volume_bytes_(std::min(volume_bytes, device.size_bytes())),
      guarded_(std::move(guarded)) {}

void ReplayTarget::check(const Range& range) const {
  if (!fits(range.offset, range.length, volume_bytes_))
    throw Error(ErrorCode::kCorrupt, "ntfs.log.target.outside",
                fmt::format("{} bytes at {} of a volume of {}", range.length, range.offset, volume_bytes_));
  for (const Range& guarded : guarded_)
    if (range.offset < guarded.offset + guarded.length && guarded.offset < range.offset + range.length)
      throw Error(ErrorCode::kCorrupt, "ntfs.log.target.log",
                  fmt::format("its target, byte {} of the volume, belongs to the log itself", range.offset));
}

ReplayTarget::Block& ReplayTarget::block(uint64_t number) {
  const auto found = blocks_.find(number);
  if (found != blocks_.end()) return found->second;
  if (blocks_.size() >= kMostBlocks) write_out();
  const uint64_t offset = number * kBlockBytes;
  ByteVector bytes =
      device_.read_bytes(offset, std::min<uint64_t>(kBlockBytes, device_.size_bytes() - offset));
  return blocks_.emplace(number, Block{std::move(bytes), 0}).first->second;
}

void ReplayTarget::read(const std::vector<Range>& from, MutableBytes out) {
  for (const Range& range : from) {
    check(range);
    for (uint64_t at = range.offset; at < range.offset + range.length;) {
      const Block& source = block(at / kBlockBytes);
      const uint64_t within = at % kBlockBytes;
      const uint64_t piece = std::min(
          {range.offset + range.length - at, kBlockBytes - within, static_cast<uint64_t>(out.size())});
      const Bytes bytes = slice(Bytes(source.bytes), within, piece);
      std::copy(bytes.begin(), bytes.end(), out.begin());
      out = out.subspan(static_cast<size_t>(piece));
      at += piece;
      if (piece == 0) return;
    }
  }
}

void ReplayTarget::write(const std::vector<Range>& to, Bytes data) {
  for (const Range& range : to) {
    check(range);
    for (uint64_t at = range.offset; at < range.offset + range.length;) {
      Block& target = block(at / kBlockBytes);
      const uint64_t within = at % kBlockBytes;
      const uint64_t piece = std::min(
          {range.offset + range.length - at, kBlockBytes - within, static_cast<uint64_t>(data.size())});
      if (piece == 0) return;
      const MutableBytes place = slice(MutableBytes(target.bytes), within, piece);
      const Bytes part = data.first(static_cast<size_t>(piece));
      if (!equal(Bytes(place), part)) {
        std::copy(part.begin(), part.end(), place.begin());
        for (uint64_t sector = within / kSectorBytes; sector <= (within + piece - 1) / kSectorBytes; ++sector)
          target.changed |= 1U << sector;
      }
      data = data.subspan(static_cast<size_t>(piece));
      at += piece;
    }
  }
}

void ReplayTarget::write_out() {
  for (const auto& [number, block] : blocks_) {
    for (uint64_t sector = 0; sector < kBlockBytes / kSectorBytes; ++sector) {
      const uint64_t first = sector;
      while ((block.changed >> sector & 1) != 0) ++sector;
      if (sector == first) continue;
      const uint64_t at = first * kSectorBytes;
      const uint64_t end = std::min<uint64_t>(sector * kSectorBytes, block.bytes.size());
      device_.write(number * kBlockBytes + at, slice(Bytes(block.bytes), at, end - at));
    }
  }
  blocks_.clear();
}

}  // namespace mend::ntfs
