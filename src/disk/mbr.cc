// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/mbr.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "disk/gpt.h"

namespace mend::disk {
namespace {

constexpr uint64_t kDiskSignature = 0x1b8;  // u32
constexpr uint64_t kEntries = 0x1be;        // 4 × 16 bytes
constexpr uint64_t kEntryBytes = 16;
constexpr uint64_t kBootMark = 0x1fe;  // 55 AA
constexpr size_t kMostLogical = 128;
constexpr uint32_t kFirstLogicalNumber = 5;

bool is_extended(uint8_t type) {
  return type == 0x05 || type == 0x0f || type == 0x85;
}

[[noreturn]] void throw_chain(const EdgeReader& disk, const std::string& what) {
  throw Error(
      ErrorCode::kCorrupt, "disk.mbr.chain",
      fmt::format("the chain of logical partitions of {} {}. Nothing was changed", disk.describe(), what));
}

Partition make_partition(const MbrEntry& entry, uint64_t first, uint32_t number, uint32_t sector_bytes,
                         const EdgeReader& disk) {
  Partition partition;
  partition.number = number;
  partition.offset = first * sector_bytes;
  partition.size_bytes = uint64_t{entry.count} * sector_bytes;
  partition.mbr_type = entry.type;
  partition.active = entry.status == 0x80;
  if (first == 0 || !disk.holds(partition.offset, partition.size_bytes)) {
    throw Error(
        ErrorCode::kCorrupt, "disk.mbr.past-end",
        fmt::format("partition {} of {} claims {} sectors from sector {}, but the disk ends at byte {}: it "
                    "may be a part of a RAID, a copy that was cut short, or an adapter that hides sectors. "
                    "Nothing was changed. Attach the whole disk, or rebuild the array, and try again",
                    number, disk.describe(), entry.count, first, disk.size_bytes()));
  }
  return partition;
}

// One extended boot record: its logical partition in the first entry, the next link in the second.
void read_logical(EdgeReader& disk, const MbrEntry& extended, uint32_t sector_bytes,
                  std::vector<Partition>& partitions, uint32_t& number) {
  const uint64_t begin = extended.first, end = begin + extended.count;
  std::set<uint64_t> visited;
  uint64_t at = begin;
  while (true) {
    if (at < begin || at >= end) throw_chain(disk, "leaves its extended partition");
    if (!visited.insert(at).second) throw_chain(disk, "runs in a circle");
    if (visited.size() > kMostLogical) throw_chain(disk, "has more than 128 links");
    if (!disk.holds(at * sector_bytes, sector_bytes)) throw_chain(disk, "leaves the disk");
    const ByteVector sector = disk.read_bytes(at * sector_bytes, sector_bytes);
    if (at == begin && all_zero(sector)) return;  // an extended partition that was never divided
    const std::optional<Mbr> record = parse_mbr(sector);
    if (!record) throw_chain(disk, fmt::format("is broken at sector {}", at));
    const MbrEntry& logical = record->entries[0];
    const MbrEntry& next = record->entries[1];
    if (logical.used() && !is_extended(logical.type)) {
      const uint64_t first = at + logical.first;
      if (logical.first == 0 || !fits(first, logical.count, end)) {
        throw_chain(disk, fmt::format("holds partition {}, which leaves its extended partition", number));
      }
      partitions.push_back(make_partition(logical, first, number++, sector_bytes, disk));
    }
    if (!next.used()) return;
    if (!is_extended(next.type))
      throw_chain(disk, fmt::format("has a link of no known kind at sector {}", at));
    at = begin + next.first;
  }
}

}  // namespace

bool Mbr::has_protective() const {
  return std::any_of(entries.begin(), entries.end(),
                     [](const MbrEntry& entry) { return entry.type == kMbrProtective; });
}

bool Mbr::has_others() const {
  return std::any_of(entries.begin(), entries.end(),
                     [](const MbrEntry& entry) { return entry.used() && entry.type != kMbrProtective; });
}

std::optional<Mbr> parse_mbr(Bytes sector) {
  if (sector.size() < 512 || read_le<uint16_t>(sector, kBootMark) != 0xaa55) return std::nullopt;
  Mbr mbr;
  mbr.disk_signature = read_le<uint32_t>(sector, kDiskSignature);
  for (size_t i = 0; i < mbr.entries.size(); ++i) {
    const Bytes raw = slice(sector, kEntries + i * kEntryBytes, kEntryBytes);
    MbrEntry& entry = mbr.entries[i];
    entry.status = raw[0];
    entry.type = raw[4];
    entry.first = read_le<uint32_t>(raw, 8);
    entry.count = read_le<uint32_t>(raw, 12);
    if (entry.status != 0 && entry.status != 0x80) return std::nullopt;
  }
  return mbr;
}

std::vector<Partition> read_mbr_partitions(EdgeReader& disk, const Mbr& mbr, uint32_t sector_bytes) {
  std::vector<Partition> partitions;
  std::vector<Partition> top_level;  // what must not overlap at the first level, extended partitions included
  uint32_t logical_number = kFirstLogicalNumber;
  for (size_t i = 0; i < mbr.entries.size(); ++i) {
    const MbrEntry& entry = mbr.entries[i];
    if (!entry.used() || entry.type == kMbrProtective) continue;
    const auto number = static_cast<uint32_t>(i + 1);
    top_level.push_back(make_partition(entry, entry.first, number, sector_bytes, disk));
    if (!is_extended(entry.type)) partitions.push_back(top_level.back());
  }
  refuse_overlaps(top_level, disk.describe());
  for (const MbrEntry& entry : mbr.entries) {
    if (entry.used() && is_extended(entry.type))
      read_logical(disk, entry, sector_bytes, partitions, logical_number);
  }
  refuse_overlaps(partitions, disk.describe());
  return partitions;
}

}  // namespace mend::disk
