// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/disk_image.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace mend::image {
namespace {

constexpr size_t kSectorBytes = 512;
constexpr size_t kBootCodeBytes = 440;
constexpr uint8_t kActive = 0x80;
constexpr uint8_t kFat32Lba = 0x0C;

// Head, sector, cylinder for a BIOS of the old kind, which counts 255 heads and 63 sectors; beyond its reach
// the last that it can say.
std::array<uint8_t, 3> old_address(uint64_t sector) {
  constexpr uint64_t kHeads = 255;
  constexpr uint64_t kSectors = 63;
  const uint64_t cylinder = sector / (kHeads * kSectors);
  if (cylinder > 1023) return {0xFE, 0xFF, 0xFF};
  const uint64_t head = sector / kSectors % kHeads;
  const uint64_t high_bits = cylinder >> 8 << 6;
  return {static_cast<uint8_t>(head), static_cast<uint8_t>((sector % kSectors + 1) | high_bits),
          static_cast<uint8_t>(cylinder)};
}

// MBR and core: what stands before the partition.
ByteVector boot_bytes(const Base& base, uint64_t size_bytes, uint32_t signature) {
  ByteVector bytes(kSectorBytes);
  std::copy_n(base.boot_sector_code.begin(), std::min(base.boot_sector_code.size(), kBootCodeBytes),
              bytes.begin());
  write_le<uint32_t>(bytes, kBootCodeBytes, signature);
  const MutableBytes entry = slice(MutableBytes(bytes), 446, 16);
  const uint64_t first = kMiB / kSectorBytes;
  const uint64_t count = (size_bytes - kMiB) / kSectorBytes;
  const auto from = old_address(first);
  const auto to = old_address(first + count - 1);
  entry[0] = kActive;
  std::copy(from.begin(), from.end(), entry.begin() + 1);
  entry[4] = kFat32Lba;
  std::copy(to.begin(), to.end(), entry.begin() + 5);
  write_le<uint32_t>(entry, 8, static_cast<uint32_t>(first));
  write_le<uint32_t>(entry, 12, static_cast<uint32_t>(count));
  bytes[510] = 0x55;
  bytes[511] = 0xAA;
  bytes.insert(bytes.end(), base.bios_core.begin(), base.bios_core.end());
  return bytes;
}

void check_size(uint64_t size_bytes) {
  if (size_bytes % kMiB == 0 && size_bytes >= kSmallestImageBytes && size_bytes <= kLargestImageBytes) return;
  throw Error(ErrorCode::kUsage, "image.disk.size",
              fmt::format("an image of {} bytes is not made: give whole MiB, from {} to {}", size_bytes,
                          size_text(kSmallestImageBytes), size_text(kLargestImageBytes)));
}

}  // namespace

uint64_t DiskImage::bytes_to_write() const {
  uint64_t bytes = 0;
  for (const Extent& extent : extents) {
    if (extent.content.kind() != Content::Kind::kZeros)
      bytes += align_up(extent.content.size_bytes(), kBlockBytes);
  }
  return bytes;
}

uint64_t default_image_bytes(const FatRequest& volume) {
  return std::max(kDefaultImageBytes, kMiB + needed_fat32_bytes(volume, kRoomForLogsBytes));
}

DiskImage lay_out_disk(const Base& base, FatRequest volume, uint64_t size_bytes, uint32_t signature) {
  check_size(size_bytes);
  DiskImage disk;
  disk.size_bytes = size_bytes;
  ByteVector boot = boot_bytes(base, size_bytes, signature == 0 ? 1 : signature);
  const uint64_t boot_end = align_up(boot.size(), kBlockBytes);
  if (boot_end > kMiB) {
    throw Error(ErrorCode::kCorrupt, "image.disk.core",
                fmt::format("the base's BIOS core has {} and would reach into the partition at 1 MiB",
                            size_text(base.bios_core.size())));
  }
  disk.extents.push_back({0, Content::memory(std::move(boot))});
  if (boot_end < kMiB) disk.extents.push_back({boot_end, Content::zeros(kMiB - boot_end)});
  volume.partition_offset = kMiB;
  volume.size_bytes = size_bytes - kMiB;
  disk.volume = lay_out_fat32(volume);
  disk.extents.insert(disk.extents.end(), std::make_move_iterator(disk.volume.extents.begin()),
                      std::make_move_iterator(disk.volume.extents.end()));
  disk.volume.extents.clear();
  return disk;
}

OutputFile write_disk(const DiskImage& disk, const std::string& path) {
  OutputFile file(path, disk.bytes_to_write());
  file.set_size(disk.size_bytes);
  for (const Extent& extent : disk.extents) file.write(extent.offset, extent.content);
  return file;
}

}  // namespace mend::image
