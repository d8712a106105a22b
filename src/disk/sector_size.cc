// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/sector_size.h"

#include <optional>

#include "disk/content.h"
#include "disk/gpt.h"
#include "disk/mbr.h"

namespace mend::disk {
namespace {

constexpr uint32_t kSizes[] = {512, 4096};

std::optional<uint32_t> by_gpt(EdgeReader& disk) {
  for (const uint32_t size : kSizes) {
    if (gpt_primary_is_whole(disk, size)) return size;
  }
  // A primary copy that is damaged but for its signature, else the backup's.
  for (const uint32_t size : kSizes) {
    if (gpt_signature_at(disk, 1, size)) return size;
  }
  for (const uint32_t size : kSizes) {
    const uint64_t sectors = disk.size_bytes() / size;
    if (sectors > 2 && gpt_signature_at(disk, sectors - 1, size)) return size;
  }
  return std::nullopt;
}

std::optional<uint32_t> by_mbr(EdgeReader& disk) {
  const std::optional<Mbr> mbr = parse_mbr(disk.head());
  if (!mbr || mbr->has_protective()) return std::nullopt;
  for (const MbrEntry& entry : mbr->entries) {
    if (!entry.used()) continue;
    for (const uint32_t size : kSizes) {
      const uint64_t offset = uint64_t{entry.first} * size;
      if (!disk.holds(offset, 512)) continue;
      const Content content = classify(disk.read_bytes(offset, 512));
      if (content != Content::kUnknown && content != Content::kEmpty) return size;
    }
  }
  return std::nullopt;
}

}  // namespace

uint32_t find_sector_size(EdgeReader& disk) {
  const uint32_t recorded = sector_bytes_of_boot_sector(disk.head());
  if (recorded != 0) return recorded == 4096 ? 4096 : 512;
  if (const auto size = by_gpt(disk)) return *size;
  return by_mbr(disk).value_or(512);
}

}  // namespace mend::disk
