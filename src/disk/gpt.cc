// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/gpt.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace mend::disk {
namespace {

// Header, at the start of its sector. All integers are little-endian.
constexpr uint64_t kSignature = 0x5452415020494645;  // +0x00 "EFI PART"
constexpr uint64_t kRevision = 0x08;                 // u32, 0x00010000
constexpr uint64_t kHeaderBytes = 0x0c;              // u32, 92 as a rule, at most a sector
constexpr uint64_t kHeaderCrc = 0x10;                // u32, over the header with this field zero
constexpr uint64_t kMyLba = 0x18;                    // u64
constexpr uint64_t kAlternateLba = 0x20;             // u64
constexpr uint64_t kFirstUsable = 0x28;              // u64
constexpr uint64_t kLastUsable = 0x30;               // u64
constexpr uint64_t kDiskGuid = 0x38;                 // 16 bytes
constexpr uint64_t kEntriesLba = 0x48;               // u64
constexpr uint64_t kEntryCount = 0x50;               // u32
constexpr uint64_t kEntryBytes = 0x54;               // u32, 128 × 2^n
constexpr uint64_t kEntriesCrc = 0x58;               // u32
constexpr uint64_t kSmallestHeader = 0x5c;

// Entry.
constexpr uint64_t kTypeGuid = 0x00;    // 16 bytes, zero: unused
constexpr uint64_t kUniqueGuid = 0x10;  // 16 bytes
constexpr uint64_t kFirstLba = 0x20;    // u64
constexpr uint64_t kLastLba = 0x28;     // u64, inclusive
constexpr uint64_t kName = 0x38;        // 72 bytes UTF-16
constexpr uint64_t kNameBytes = 72;
constexpr uint64_t kSmallestEntry = 128;

// Every tool writes 128 entries of 128 bytes, 16 KiB; this leaves room for the odd one and none for a hostile
// one.
constexpr uint64_t kLargestArray = 1024 * 1024;

struct Copy {
  ByteVector header;
  ByteVector entries;
  uint64_t entry_bytes = 0;
};

// One copy of the table, if it is whole; else what is wrong with it.
std::optional<Copy> read_copy(EdgeReader& disk, uint64_t lba, uint32_t sector_bytes, std::string& why) {
  const auto fail = [&](std::string text) {
    why = std::move(text);
    return std::nullopt;
  };
  Copy copy;
  copy.header = disk.read_bytes(lba * sector_bytes, sector_bytes);
  if (read_le<uint64_t>(copy.header, 0) != kSignature) return fail("no signature");
  const uint32_t header_bytes = read_le<uint32_t>(copy.header, kHeaderBytes);
  if (header_bytes < kSmallestHeader || header_bytes > sector_bytes) {
    return fail(fmt::format("a header of {} bytes", header_bytes));
  }
  ByteVector summed(copy.header.begin(), copy.header.begin() + header_bytes);
  write_le<uint32_t>(summed, kHeaderCrc, 0);
  if (crc32(summed) != read_le<uint32_t>(copy.header, kHeaderCrc))
    return fail("the header's checksum is wrong");
  if (read_le<uint32_t>(copy.header, kRevision) >> 16 != 1) return fail("a revision that is not known");
  if (read_le<uint64_t>(copy.header, kMyLba) != lba) return fail("the header belongs to another sector");

  const uint64_t count = read_le<uint32_t>(copy.header, kEntryCount);
  copy.entry_bytes = read_le<uint32_t>(copy.header, kEntryBytes);
  if (copy.entry_bytes < kSmallestEntry || copy.entry_bytes > 4096 || !is_power_of_two(copy.entry_bytes) ||
      count == 0 || count > kLargestArray / copy.entry_bytes) {
    return fail(fmt::format("{} entries of {} bytes", count, copy.entry_bytes));
  }
  const uint64_t entries_lba = read_le<uint64_t>(copy.header, kEntriesLba);
  if (entries_lba < 2 || entries_lba >= disk.size_bytes() / sector_bytes ||
      !disk.holds(entries_lba * sector_bytes, count * copy.entry_bytes)) {
    return fail(fmt::format("its entries begin at sector {}, outside the disk", entries_lba));
  }
  copy.entries = disk.read_bytes(entries_lba * sector_bytes, count * copy.entry_bytes);
  if (crc32(copy.entries) != read_le<uint32_t>(copy.header, kEntriesCrc)) {
    return fail("the checksum of its entries is wrong");
  }
  return copy;
}

[[noreturn]] void throw_past_end(const EdgeReader& disk, const std::string& what) {
  throw Error(
      ErrorCode::kCorrupt, "disk.gpt.past-end",
      fmt::format("the partition table of {} describes {}, but the disk ends at byte {}: it may be a part "
                  "of a RAID, a copy that was cut short, or an adapter that hides sectors. Nothing was "
                  "changed. Attach the whole disk, or rebuild the array, and try again",
                  disk.describe(), what, disk.size_bytes()));
}

Partition read_entry(Bytes entry, uint32_t number, uint32_t sector_bytes, const EdgeReader& disk,
                     uint64_t first_usable, uint64_t last_usable) {
  const uint64_t first = read_le<uint64_t>(entry, kFirstLba);
  const uint64_t last = read_le<uint64_t>(entry, kLastLba);
  if (last >= disk.size_bytes() / sector_bytes) {
    throw_past_end(disk, fmt::format("a partition {} in sectors {} to {}", number, first, last));
  }
  if (first > last || first < first_usable || last > last_usable) {
    throw Error(ErrorCode::kCorrupt, "disk.gpt.entry",
                fmt::format("partition {} of {} claims sectors {} to {}, which its own table does not allow "
                            "({} to {}). Nothing was changed",
                            number, disk.describe(), first, last, first_usable, last_usable));
  }
  Partition partition;
  partition.number = number;
  partition.offset = first * sector_bytes;
  partition.size_bytes = (last - first + 1) * sector_bytes;
  partition.type_guid = Guid::read(entry, kTypeGuid);
  partition.partition_guid = Guid::read(entry, kUniqueGuid);
  std::u16string name = utf16_from_le(slice(entry, kName, kNameBytes));
  name.resize(std::min(name.size(), name.find(u'\0')));
  partition.name = printable(to_utf8(name));
  return partition;
}

GptTable interpret(const Copy& copy, uint32_t sector_bytes, const EdgeReader& disk) {
  GptTable table;
  table.disk_guid = Guid::read(copy.header, kDiskGuid);
  const uint64_t sectors = disk.size_bytes() / sector_bytes;
  const uint64_t first_usable = read_le<uint64_t>(copy.header, kFirstUsable);
  const uint64_t last_usable = read_le<uint64_t>(copy.header, kLastUsable);
  const uint64_t furthest = std::max(
      {last_usable, read_le<uint64_t>(copy.header, kAlternateLba), read_le<uint64_t>(copy.header, kMyLba)});
  if (furthest >= sectors) throw_past_end(disk, fmt::format("a disk of at least {} sectors", furthest));
  for (uint64_t at = 0; at + copy.entry_bytes <= copy.entries.size(); at += copy.entry_bytes) {
    const Bytes entry = slice(Bytes(copy.entries), at, copy.entry_bytes);
    if (all_zero(slice(entry, kTypeGuid, 16))) continue;
    table.partitions.push_back(read_entry(entry, static_cast<uint32_t>(at / copy.entry_bytes + 1),
                                          sector_bytes, disk, first_usable, last_usable));
  }
  refuse_overlaps(table.partitions, disk.describe());
  return table;
}

}  // namespace

bool gpt_signature_at(EdgeReader& disk, uint64_t lba, uint32_t sector_bytes) {
  if (!disk.holds(lba * sector_bytes, sector_bytes)) return false;
  return read_le<uint64_t>(disk.read_bytes(lba * sector_bytes, 8), 0) == kSignature;
}

bool gpt_primary_is_whole(EdgeReader& disk, uint32_t sector_bytes) {
  std::string why;
  return disk.holds(sector_bytes, sector_bytes) && read_copy(disk, 1, sector_bytes, why).has_value();
}

std::optional<GptTable> read_gpt(EdgeReader& disk, uint32_t sector_bytes, bool expected) {
  const uint64_t sectors = disk.size_bytes() / sector_bytes;
  std::string primary_wrong = "the disk is too small", backup_wrong = primary_wrong;
  if (sectors >= 2) {
    if (auto primary = read_copy(disk, 1, sector_bytes, primary_wrong)) {
      return interpret(*primary, sector_bytes, disk);
    }
  }
  if (sectors >= 3) {
    if (auto backup = read_copy(disk, sectors - 1, sector_bytes, backup_wrong)) {
      GptTable table = interpret(*backup, sector_bytes, disk);
      table.backup_used = true;
      return table;
    }
  }
  if (!expected) return std::nullopt;
  throw Error(
      ErrorCode::kCorrupt, "disk.gpt.damaged",
      fmt::format("both copies of the partition table of {} are damaged (first: {}; last sector: {}). "
                  "Nothing was changed. Restore the table with a partition tool, or make a copy of the "
                  "disk and work on that",
                  disk.describe(), primary_wrong, backup_wrong));
}

void refuse_overlaps(const std::vector<Partition>& partitions, const std::string& disk) {
  std::vector<const Partition*> sorted;
  for (const Partition& partition : partitions) sorted.push_back(&partition);
  std::sort(sorted.begin(), sorted.end(),
            [](const Partition* a, const Partition* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < sorted.size(); ++i) {
    const Partition& before = *sorted[i - 1];
    if (before.size_bytes > sorted[i]->offset - before.offset) {
      throw Error(
          ErrorCode::kCorrupt, "disk.table.overlap",
          fmt::format("partitions {} and {} of {} lie over each other: which of them is real cannot be "
                      "told. Nothing was changed",
                      before.number, sorted[i]->number, disk));
    }
  }
}

}  // namespace mend::disk
