// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/fat.h"

namespace mend::init {
namespace {

// Offsets in the boot sector. What follows the common part stands further back in FAT32.
constexpr size_t kSectorBytes = 0x0B;     // u16
constexpr size_t kClusterSectors = 0x0D;  // u8
constexpr size_t kFats = 0x10;            // u8
constexpr size_t kFatSectors16 = 0x16;    // u16; 0: FAT32
constexpr size_t kSignature16 = 0x26;     // u8: kExtended or kExtendedShort
constexpr size_t kSerial16 = 0x27;        // u32
constexpr size_t kSignature32 = 0x42;     // u8
constexpr size_t kSerial32 = 0x43;        // u32
constexpr size_t kEnd = 0x1FE;            // u16

constexpr uint16_t kEndMark = 0xAA55;
constexpr uint8_t kExtendedShort = 0x28;  // a serial number follows, and nothing more
constexpr uint8_t kExtended = 0x29;

}  // namespace

std::optional<uint32_t> fat_serial(Bytes sector) {
  if (sector.size() < kBootSectorBytes) return std::nullopt;
  const auto sector_bytes = read_le<uint16_t>(sector, kSectorBytes);
  if (read_le<uint16_t>(sector, kEnd) != kEndMark || sector_bytes < 512 || sector_bytes > 4096 ||
      !is_power_of_two(sector_bytes) || !is_power_of_two(read_le<uint8_t>(sector, kClusterSectors)) ||
      read_le<uint8_t>(sector, kFats) == 0 || read_le<uint8_t>(sector, kFats) > 2)
    return std::nullopt;
  const bool fat32 = read_le<uint16_t>(sector, kFatSectors16) == 0;
  const auto signature = read_le<uint8_t>(sector, fat32 ? kSignature32 : kSignature16);
  if (signature != kExtended && signature != kExtendedShort) return std::nullopt;
  return read_le<uint32_t>(sector, fat32 ? kSerial32 : kSerial16);
}

}  // namespace mend::init
