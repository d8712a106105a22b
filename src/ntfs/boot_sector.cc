// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/boot_sector.h"

#include <fmt/format.h>

#include "base/error.h"

namespace mend::ntfs {
namespace {

constexpr uint32_t kMaximumClusterBytes = 2 << 20;
constexpr uint32_t kMaximumStructureBytes = 64 << 10;
constexpr uint32_t kMinimumStructureBytes = 512;
constexpr size_t kBootBytes = 512;

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, "NTFS boot sector: " + why);
}

uint64_t sectors_per_cluster(uint8_t field) {
  if (field <= 0x80) return field;  // 0x81 and above are a negative power of two
  const unsigned shift = 0x100U - field;
  if (shift > 31)
    refuse("ntfs.boot.cluster", fmt::format("sectors per cluster 0x{:02x} make no sense", field));
  return uint64_t{1} << shift;
}

// A count of clusters, or, negative, a power of two of bytes.
uint32_t structure_bytes(uint8_t field, uint32_t cluster_bytes, const char* what) {
  const auto count = static_cast<int8_t>(field);
  uint64_t bytes = 0;
  if (count > 0)
    bytes = uint64_t{cluster_bytes} * static_cast<uint64_t>(count);
  else if (count < 0 && count >= -31)
    bytes = uint64_t{1} << -count;
  if (!is_power_of_two(bytes) || bytes < kMinimumStructureBytes || bytes > kMaximumStructureBytes)
    refuse("ntfs.boot.structure", fmt::format("size of {} 0x{:02x} makes no sense", what, field));
  return static_cast<uint32_t>(bytes);
}

void check_position(uint64_t lcn, uint64_t bytes_needed, const Geometry& geometry, const char* what) {
  const uint64_t clusters = (bytes_needed + geometry.cluster_bytes - 1) / geometry.cluster_bytes;
  if (lcn == 0 || !fits(lcn, clusters, geometry.cluster_count))
    refuse("ntfs.boot.position", fmt::format("{} at cluster {}, but the volume has {} clusters", what, lcn,
                                             geometry.cluster_count));
}

}  // namespace

bool has_ntfs_signature(Bytes sector) {
  constexpr std::string_view kSignature = "NTFS    ";
  return sector.size() >= kBootBytes && as_text(sector.subspan(3, 8)) == kSignature;
}

Geometry parse_boot_sector(Bytes sector, uint64_t device_bytes) {
  if (!has_ntfs_signature(sector)) refuse("ntfs.boot.signature", "the signature NTFS is missing");
  if (read_le<uint16_t>(sector, 0x1fe) != 0xaa55) refuse("ntfs.boot.mark", "the end mark 55 AA is missing");
  Geometry geometry;
  geometry.sector_bytes = read_le<uint16_t>(sector, 0x0b);
  if (!is_power_of_two(geometry.sector_bytes) || geometry.sector_bytes < 256 || geometry.sector_bytes > 4096)
    refuse("ntfs.boot.sector", fmt::format("{} bytes per sector make no sense", geometry.sector_bytes));
  const uint64_t per_cluster = sectors_per_cluster(sector[0x0d]);
  if (!is_power_of_two(per_cluster) || per_cluster * geometry.sector_bytes > kMaximumClusterBytes)
    refuse("ntfs.boot.cluster", fmt::format("sectors per cluster 0x{:02x} make no sense", sector[0x0d]));
  geometry.cluster_bytes = static_cast<uint32_t>(per_cluster * geometry.sector_bytes);
  geometry.total_sectors = read_le<uint64_t>(sector, 0x28);
  if (geometry.total_sectors > device_bytes / geometry.sector_bytes)
    refuse("ntfs.boot.size", fmt::format("it claims {} sectors of {} bytes, but the device has {} bytes",
                                         geometry.total_sectors, geometry.sector_bytes, device_bytes));
  geometry.cluster_count = geometry.total_sectors / per_cluster;
  geometry.record_bytes = structure_bytes(sector[0x40], geometry.cluster_bytes, "an MFT record");
  geometry.index_block_bytes = structure_bytes(sector[0x44], geometry.cluster_bytes, "an index block");
  geometry.mft_lcn = read_le<uint64_t>(sector, 0x30);
  geometry.mirror_lcn = read_le<uint64_t>(sector, 0x38);
  geometry.serial = read_le<uint64_t>(sector, 0x48);
  check_position(geometry.mft_lcn, geometry.record_bytes, geometry, "$MFT");
  check_position(geometry.mirror_lcn, geometry.record_bytes, geometry, "$MFTMirr");
  return geometry;
}

Geometry read_geometry(block::BlockReader& volume) {
  const uint64_t size = volume.size_bytes();
  if (size < kBootBytes) refuse("ntfs.boot.short", fmt::format("the volume has only {} bytes", size));
  try {
    return parse_boot_sector(volume.read_bytes(0, kBootBytes), size);
  } catch (Error& first) {
    if (first.code() != ErrorCode::kCorrupt) throw;
    // The copy lies in the last sector, whose size only the damaged sector tells.
    for (uint64_t sector : {uint64_t{volume.sector_bytes()}, uint64_t{512}, uint64_t{4096}}) {
      if (sector < kBootBytes || size < 2 * sector) continue;
      try {
        Geometry geometry =
            parse_boot_sector(volume.read_bytes(align_down(size, sector) - sector, kBootBytes), size);
        geometry.from_backup = true;
        return geometry;
      } catch (const Error& copy) {
        if (copy.code() != ErrorCode::kCorrupt) throw;
      }
    }
    first.with_context(volume.describe() + " (no usable copy at its end either)");
    throw;
  }
}

}  // namespace mend::ntfs
