// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/content.h"

#include <algorithm>

namespace mend::disk {
namespace {

constexpr uint64_t kOemId = 0x03;           // 8 bytes
constexpr uint64_t kBytesPerSector = 0x0b;  // u16
constexpr uint64_t kSectorsPerCluster = 0x0d;
constexpr uint64_t kReservedSectors = 0x0e;  // u16, FAT
constexpr uint64_t kFatCount = 0x10;
constexpr uint64_t kMedia = 0x15;
constexpr uint64_t kExfatSectorShift = 0x6c;
constexpr uint64_t kToGoGuid = 0x1a8;  // FACTS: BitLocker To Go keeps its GUID here

bool has(Bytes bytes, uint64_t offset, std::string_view text) {
  return fits(offset, text.size(), bytes.size()) && as_text(slice(bytes, offset, text.size())) == text;
}

bool sane_sector(uint32_t bytes) {
  return is_power_of_two(bytes) && bytes >= 512 && bytes <= 4096;
}

bool is_bitlocker(Bytes start) {
  static const Guid kBitlocker = Guid::parse("4967d63b-2e29-4ad8-8399-f6a339e3d001").value();
  return has(start, kOemId, "-FVE-FS-") ||
         (has(start, kOemId, "MSWIN4.1") && Guid::read(start, kToGoGuid) == kBitlocker);
}

bool is_fat(Bytes start) {
  const bool jump = start[0] == 0xe9 || (start[0] == 0xeb && start[2] == 0x90);
  return jump && read_le<uint16_t>(start, 0x1fe) == 0xaa55 &&
         sane_sector(read_le<uint16_t>(start, kBytesPerSector)) &&
         is_power_of_two(start[kSectorsPerCluster]) && read_le<uint16_t>(start, kReservedSectors) != 0 &&
         (start[kFatCount] == 1 || start[kFatCount] == 2) && start[kMedia] >= 0xf0;
}

}  // namespace

std::string_view to_string(Content content) {
  switch (content) {
    case Content::kUnknown:
      return "unknown";
    case Content::kNtfs:
      return "ntfs";
    case Content::kBitlocker:
      return "bitlocker";
    case Content::kFat:
      return "fat";
    case Content::kRefs:
      return "refs";
    case Content::kLdm:
      return "dynamic disk";
    case Content::kStorageSpaces:
      return "storage spaces";
    case Content::kRaidMember:
      return "raid member";
    case Content::kOther:
      return "other";
    case Content::kEmpty:
      return "empty";
  }
  return "unknown";
}

bool is_ntfs_boot_sector(Bytes sector) {
  return sector.size() >= 512 && has(sector, kOemId, "NTFS    ") &&
         read_le<uint16_t>(sector, 0x1fe) == 0xaa55 &&
         sane_sector(read_le<uint16_t>(sector, kBytesPerSector));
}

Content classify(Bytes start) {
  if (start.size() < 512) return Content::kUnknown;
  if (is_bitlocker(start)) return Content::kBitlocker;
  if (is_ntfs_boot_sector(start)) return Content::kNtfs;
  if (has(start, kOemId, std::string_view("ReFS\0", 5))) return Content::kRefs;
  if (has(start, kOemId, "EXFAT   ") || is_fat(start)) return Content::kFat;
  return all_zero(start) ? Content::kEmpty : Content::kUnknown;
}

uint32_t sector_bytes_of_boot_sector(Bytes start) {
  const Content content = classify(start);
  uint32_t found = 0;
  if (content == Content::kNtfs || content == Content::kBitlocker || content == Content::kFat) {
    found = has(start, kOemId, "EXFAT   ") && start[kExfatSectorShift] < 16
                ? 1U << start[kExfatSectorShift]
                : read_le<uint16_t>(start, kBytesPerSector);
  }
  return sane_sector(found) ? found : 0;
}

}  // namespace mend::disk
