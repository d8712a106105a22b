// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/unlocked_volume.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "bitlocker/fve_format.h"
#include "bitlocker/sector_cipher.h"

namespace mend::bitlocker {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

}  // namespace

UnlockedVolume::UnlockedVolume(std::shared_ptr<block::BlockDevice> below, const Metadata& metadata,
                               const std::shared_ptr<const VolumeKeys>& keys)
    : below_(std::move(below)),
      size_bytes_(metadata.encrypted_bytes()),
      sector_bytes_(metadata.sector_bytes()),
      read_only_(metadata.read_only_reason().has_value()),
      vista_mft_mirror_cluster_(metadata.vista_mft_mirror_cluster()) {
  if (metadata.unsupported())
    throw Error(ErrorCode::kUnsupported, metadata.unsupported()->id, metadata.unsupported()->reason);
  if (!keys || keys->metadata_hash() != metadata.block_hash())
    throw Error(ErrorCode::kCorrupt, "bitlocker.volume.keys",
                "the keys do not belong to this BitLocker metadata");
  if (size_bytes_ > below_->size_bytes())
    throw Error(ErrorCode::kCorrupt, "bitlocker.volume.size",
                "the BitLocker metadata speaks of " + std::to_string(size_bytes_) + " bytes, but " +
                    below_->describe() + " has " + std::to_string(below_->size_bytes()));
  cipher_ = make_sector_cipher(*keys, sector_bytes_);
  build_segments(metadata);
}

UnlockedVolume::~UnlockedVolume() = default;

void UnlockedVolume::add_segment(uint64_t start, uint64_t end, Segment::Kind kind, uint64_t device_offset) {
  if (start < end) segments_.push_back({start, end, kind, device_offset});
}

void UnlockedVolume::build_segments(const Metadata& metadata) {
  uint64_t at = 0;
  if (metadata.version() == 1) {
    const uint64_t clear = std::min(size_bytes_, fve::kVistaClearSectors * sector_bytes_);
    add_segment(0, sector_bytes_, Segment::Kind::kVistaBoot, 0);
    add_segment(sector_bytes_, clear, Segment::Kind::kClear, sector_bytes_);
    at = clear;
  } else {
    at = metadata.moved_header().length;
    add_segment(0, at, Segment::Kind::kCipher, metadata.moved_header().offset);
  }
  // Version 1 keeps the copy of the first sector in the clear too, in the last sector.
  const uint64_t end = metadata.version() == 1 ? size_bytes_ - sector_bytes_ : size_bytes_;
  for (const Region& region : metadata.metadata_regions()) {
    add_segment(at, region.offset, Segment::Kind::kCipher, at);
    add_segment(region.offset, region.offset + region.length, Segment::Kind::kZero, region.offset);
    at = region.offset + region.length;
  }
  add_segment(at, end, Segment::Kind::kCipher, at);
  if (end != size_bytes_) add_segment(std::max(at, end), size_bytes_, Segment::Kind::kVistaBoot, end);
}

const UnlockedVolume::Segment& UnlockedVolume::segment_at(uint64_t offset) const {
  const auto after =
      std::upper_bound(segments_.begin(), segments_.end(), offset,
                       [](uint64_t value, const Segment& segment) { return value < segment.start; });
  return *std::prev(after);
}

uint32_t UnlockedVolume::physical_block_bytes() const {
  return std::max(below_->physical_block_bytes(), sector_bytes_);
}

std::string UnlockedVolume::describe() const {
  return "the unlocked volume on " + below_->describe();
}

template <typename Visit>
void UnlockedVolume::for_each_part(uint64_t offset, uint64_t length, Visit visit) const {
  for (uint64_t done = 0; done < length;) {
    const Segment& segment = segment_at(offset + done);
    const uint64_t part = std::min(length - done, segment.end - (offset + done));
    visit(segment, segment.device_offset + (offset + done - segment.start), static_cast<size_t>(done),
          static_cast<size_t>(part));
    done += part;
  }
}

void UnlockedVolume::read(uint64_t offset, MutableBytes out) {
  check_range(offset, out.size(), "read");
  for_each_part(offset, out.size(),
                [&](const Segment& segment, uint64_t device_offset, size_t done, size_t length) {
                  const MutableBytes part = out.subspan(done, length);
                  switch (segment.kind) {
                    case Segment::Kind::kCipher:
                      return read_cipher(device_offset, part);
                    case Segment::Kind::kZero:
                      std::fill(part.begin(), part.end(), uint8_t{0});
                      return;
                    case Segment::Kind::kClear:
                      return below_->read(device_offset, part);
                    case Segment::Kind::kVistaBoot:
                      return read_vista_boot(device_offset, part);
                  }
                });
}

void UnlockedVolume::read_cipher(uint64_t device_offset, MutableBytes out) {
  while (!out.empty()) {
    const uint64_t inside = device_offset % sector_bytes_;
    size_t length;
    if (inside == 0 && out.size() >= sector_bytes_) {
      length = std::min<size_t>(kPieceBytes, out.size() - out.size() % sector_bytes_);
      below_->read(device_offset, out.first(length));
      cipher_->decrypt(device_offset, out.first(length));
    } else {
      length = std::min<size_t>(out.size(), static_cast<size_t>(sector_bytes_ - inside));
      const Bytes sector = read_sector(device_offset - inside);
      std::memcpy(out.data(), sector.data() + inside, length);
    }
    out = out.subspan(length);
    device_offset += length;
  }
}

MutableBytes UnlockedVolume::buffer() {
  if (buffer_.empty()) buffer_ = Secret(kPieceBytes);
  return buffer_.bytes();
}

MutableBytes UnlockedVolume::read_sector(uint64_t device_offset) {
  const MutableBytes sector = buffer().first(sector_bytes_);
  below_->read(device_offset, sector);
  cipher_->decrypt(device_offset, sector);
  return sector;
}

// The boot sector as NTFS knew it: its signature, and the cluster of $MFTMirr where version 1 keeps that of
// the first metadata block. The last sector of the volume is changed only when it is a copy of such a sector.
void UnlockedVolume::read_vista_boot(uint64_t device_offset, MutableBytes out) {
  const uint64_t inside = device_offset % sector_bytes_;
  const MutableBytes sector = buffer().first(sector_bytes_);
  below_->read(device_offset - inside, sector);
  if (equal(slice(Bytes(sector), fve::boot::kSignature, fve::kSignature.size()), as_bytes(fve::kSignature))) {
    std::memcpy(&sector[fve::boot::kSignature], fve::kNtfsSignature.data(), fve::kNtfsSignature.size());
    write_le<uint64_t>(sector, fve::boot::kVistaBlockCluster, vista_mft_mirror_cluster_);
  } else if (device_offset - inside != 0) {
    cipher_->decrypt(device_offset - inside, sector);
  }
  std::memcpy(out.data(), sector.data() + inside, out.size());
}

void UnlockedVolume::forget_cached(uint64_t offset, uint64_t length) {
  if (!fits(offset, length, size_bytes_)) return;
  for_each_part(offset, length, [&](const Segment&, uint64_t device_offset, size_t, size_t part) {
    below_->forget_cached(device_offset, part);
  });
}

void UnlockedVolume::write(uint64_t offset, Bytes data) {
  check_range(offset, data.size(), "write");
  if (read_only_ && !data.empty())
    throw Error(ErrorCode::kRefused, "bitlocker.write.vista",
                "volumes encrypted by Windows Vista can be read, but not changed");
  for_each_part(offset, data.size(),
                [&](const Segment& segment, uint64_t device_offset, size_t, size_t length) {
                  if (segment.kind != Segment::Kind::kZero) return;
                  throw Error(ErrorCode::kRefused, "bitlocker.write.metadata",
                              "a write of " + std::to_string(length) + " bytes at byte " +
                                  std::to_string(device_offset) + " of " + describe() +
                                  " would hit BitLocker's own metadata; nothing was written");
                });
  for_each_part(offset, data.size(), [&](const Segment&, uint64_t device_offset, size_t done, size_t length) {
    write_cipher(device_offset, data.subspan(done, length));
  });
}

void UnlockedVolume::write_cipher(uint64_t device_offset, Bytes data) {
  while (!data.empty()) {
    const uint64_t inside = device_offset % sector_bytes_;
    MutableBytes sectors;
    size_t length;
    if (inside == 0 && data.size() >= sector_bytes_) {
      length = std::min<size_t>(kPieceBytes, data.size() - data.size() % sector_bytes_);
      sectors = buffer().first(length);
      std::memcpy(sectors.data(), data.data(), length);
    } else {
      length = std::min<size_t>(data.size(), static_cast<size_t>(sector_bytes_ - inside));
      sectors = read_sector(device_offset - inside);
      std::memcpy(sectors.data() + inside, data.data(), length);
    }
    cipher_->encrypt(device_offset - inside, sectors);
    below_->write(device_offset - inside, sectors);
    data = data.subspan(length);
    device_offset += length;
  }
}

void UnlockedVolume::flush() {
  below_->flush();
}

}  // namespace mend::bitlocker
