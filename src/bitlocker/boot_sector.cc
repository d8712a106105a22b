// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "base/error.h"
#include "bitlocker/metadata_parser.h"

namespace mend::bitlocker {
namespace {

bool has_text(Bytes sector, size_t offset, std::string_view text) {
  return equal(slice(sector, offset, text.size()), as_bytes(text));
}

std::optional<Layout> find_layout(Bytes sector) {
  if (has_text(sector, fve::boot::kSignature, fve::kSignature)) {
    const Bytes code = slice(sector, fve::boot::kBootCode, fve::kBootCode.size());
    if (equal(code, fve::kVistaBootCode)) return Layout::kVista;
    return Layout::kFixed;
  }
  // Every FAT volume of Windows may begin with the same signature; only the GUID tells.
  if (has_text(sector, fve::boot::kSignature, fve::kToGoSignature)) {
    const Guid guid = Guid::read(sector, fve::boot::kToGoHeaderGuid);
    if (guid == fve::kHeaderGuid || guid == fve::kEncryptOnWriteHeaderGuid) return Layout::kToGo;
  }
  return std::nullopt;
}

uint32_t find_sector_bytes(Bytes sector, uint32_t device_sector_bytes) {
  uint32_t bytes = read_le<uint16_t>(sector, fve::boot::kSectorBytes);
  if (bytes == 0) bytes = device_sector_bytes;
  if (is_power_of_two(bytes) && bytes >= 512 && bytes <= 4096) return bytes;
  throw Error(ErrorCode::kCorrupt, "bitlocker.boot.sector",
              "the volume's first sector gives a sector size of " + std::to_string(bytes) + " bytes");
}

void parse_vista(BootSector& boot, Bytes sector) {
  const uint64_t sectors_per_cluster = read_le<uint8_t>(sector, fve::boot::kSectorsPerCluster);
  const uint64_t block_cluster = read_le<uint64_t>(sector, fve::boot::kVistaBlockCluster);
  const uint64_t total_sectors = read_le<uint64_t>(sector, fve::boot::kTotalSectors);
  boot.cluster_bytes = sectors_per_cluster * boot.sector_bytes;
  if (!is_power_of_two(sectors_per_cluster) || block_cluster > UINT64_MAX / boot.cluster_bytes ||
      total_sectors >= UINT64_MAX / boot.sector_bytes) {
    throw Error(ErrorCode::kCorrupt, "bitlocker.boot.vista",
                "the first sector of the volume (Windows Vista layout) gives impossible sizes");
  }
  boot.offsets[0] = block_cluster * boot.cluster_bytes;
  // NTFS does not count the last sector, which holds the copy of the first.
  boot.vista_volume_bytes = (total_sectors + 1) * boot.sector_bytes;
}

}  // namespace

std::optional<BootSector> parse_boot_sector(Bytes sector, uint32_t device_sector_bytes) {
  const std::optional<Layout> layout = find_layout(sector);
  if (!layout) return std::nullopt;
  BootSector boot;
  boot.layout = *layout;
  boot.sector_bytes = find_sector_bytes(sector, device_sector_bytes);
  if (boot.layout == Layout::kVista) {
    parse_vista(boot, sector);
    return boot;
  }
  const size_t at = boot.layout == Layout::kToGo ? fve::boot::kToGoHeaderGuid : fve::boot::kHeaderGuid;
  boot.header_guid = Guid::read(sector, at);
  for (size_t i = 0; i < boot.offsets.size(); ++i)
    boot.offsets[i] = read_le<uint64_t>(sector, at + sizeof(Guid::bytes) + i * sizeof(uint64_t));
  return boot;
}

bool is_bitlocker(Bytes first_sector) {
  return first_sector.size() >= fve::boot::kBytes && find_layout(first_sector).has_value();
}

bool is_bitlocker(block::BlockReader& volume) {
  if (volume.size_bytes() < fve::boot::kBytes) return false;
  return is_bitlocker(volume.read_bytes(0, fve::boot::kBytes));
}

}  // namespace mend::bitlocker
