// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/partition_table.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace mend::brokenpc {
namespace {

constexpr uint32_t kGptEntries = 128;
constexpr uint32_t kGptEntryBytes = 128;
constexpr uint64_t kGptArrayBytes = uint64_t{kGptEntries} * kGptEntryBytes;

struct Role {
  const char* role;
  const char* gpt_type;
  uint64_t gpt_attributes;  // required, no drive letter
  const char16_t* name;     // as Windows Setup names it
  uint8_t mbr_type;
};
constexpr std::array<Role, 5> kRoles = {{
    {"esp", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", 0, u"EFI system partition", 0xef},
    {"msr", "e3c9e316-0b5c-4db8-817d-f92df00215ae", 0, u"Microsoft reserved partition", 0},
    {"windows", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", 0, u"Basic data partition", 0x07},
    {"recovery", "de94bba4-06d1-4d40-a16a-bfd50179d6ac", 0x8000000000000001, u"", 0x27},
    {"system", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", 0, u"", 0x07},
}};

const Role& find_role(const std::string& name) {
  return *std::find_if(kRoles.begin(), kRoles.end(), [&](const Role& role) { return role.role == name; });
}

struct Wish {
  const char* role;
  uint64_t size_bytes;  // 0: what is left
};

// Sizes as Windows 11 Setup takes them; a small image gets small ones.
std::vector<Wish> wishes(const Options& options) {
  bool small = options.size_bytes < 1024 * kMebibyte;
  uint64_t recovery = small ? 8 : options.size_bytes < 8192 * kMebibyte ? 100 : 650;
  if (options.table == Table::kGpt) {
    uint64_t esp = options.sector_bytes == 4096 ? (small ? 20 : 300) : (small ? 34 : 100);
    uint64_t msr = small ? 4 : 16;
    return {{"esp", esp * kMebibyte},
            {"msr", msr * kMebibyte},
            {"windows", 0},
            {"recovery", recovery * kMebibyte}};
  }
  return {{"system", (small ? 8 : 50) * kMebibyte}, {"windows", 0}, {"recovery", recovery * kMebibyte}};
}

uint32_t sectors32(uint64_t bytes, uint32_t sector_bytes) {
  return static_cast<uint32_t>(std::min<uint64_t>(bytes / sector_bytes, UINT32_MAX));
}

// A boot record with an empty table and no code.
ByteVector empty_boot_record(uint32_t sector_bytes) {
  ByteVector sector(sector_bytes);
  sector[510] = 0x55;
  sector[511] = 0xaa;
  return sector;
}

// Entry of a boot record: +0 status, +1 CHS of the start, +4 type, +5 CHS of the end, +8 LBA, +12 sectors.
void put_mbr_entry(MutableBytes sector, size_t index, bool active, uint8_t type, uint32_t lba,
                   uint32_t sectors) {
  uint64_t at = 446 + 16 * index;
  constexpr std::array<uint8_t, 3> kBeyondChs = {0xfe, 0xff, 0xff};
  sector[at] = active ? 0x80 : 0;
  std::copy(kBeyondChs.begin(), kBeyondChs.end(), sector.begin() + static_cast<ptrdiff_t>(at) + 1);
  sector[at + 4] = type;
  std::copy(kBeyondChs.begin(), kBeyondChs.end(), sector.begin() + static_cast<ptrdiff_t>(at) + 5);
  write_le<uint32_t>(sector, at + 8, lba);
  write_le<uint32_t>(sector, at + 12, sectors);
}

void put_guid(MutableBytes to, uint64_t offset, const Guid& guid) {
  std::copy(guid.bytes.begin(), guid.bytes.end(), slice(to, offset, 16).begin());
}

ByteVector gpt_array(uint32_t sector_bytes, const std::vector<Partition>& partitions) {
  ByteVector array(kGptArrayBytes);
  for (size_t i = 0; i < partitions.size(); ++i) {
    const Partition& partition = partitions[i];
    const Role& role = find_role(partition.role);
    MutableBytes entry = slice(MutableBytes(array), i * kGptEntryBytes, kGptEntryBytes);
    put_guid(entry, 0, partition.type);
    put_guid(entry, 16, partition.id);
    write_le<uint64_t>(entry, 32, partition.offset / sector_bytes);
    write_le<uint64_t>(entry, 40, (partition.offset + partition.size_bytes) / sector_bytes - 1);
    write_le<uint64_t>(entry, 48, role.gpt_attributes);
    ByteVector name = utf16_to_le(role.name);
    std::copy(name.begin(), name.end(), entry.begin() + 56);
  }
  return array;
}

ByteVector gpt_header(uint32_t sector_bytes, const Guid& disk_guid, uint64_t own, uint64_t other,
                      uint64_t array_lba, uint64_t last_lba, Bytes array) {
  constexpr uint32_t kHeaderBytes = 92;
  uint64_t array_sectors = kGptArrayBytes / sector_bytes;
  ByteVector header(sector_bytes);
  std::copy_n("EFI PART", 8, header.begin());
  write_le<uint32_t>(header, 8, 0x00010000);
  write_le<uint32_t>(header, 12, kHeaderBytes);
  write_le<uint64_t>(header, 24, own);
  write_le<uint64_t>(header, 32, other);
  write_le<uint64_t>(header, 40, 2 + array_sectors);             // first usable
  write_le<uint64_t>(header, 48, last_lba - 1 - array_sectors);  // last usable
  put_guid(header, 56, disk_guid);
  write_le<uint64_t>(header, 72, array_lba);
  write_le<uint32_t>(header, 80, kGptEntries);
  write_le<uint32_t>(header, 84, kGptEntryBytes);
  write_le<uint32_t>(header, 88, crc32(array));
  write_le<uint32_t>(header, 16, crc32(Bytes(header).first(kHeaderBytes)));
  return header;
}

}  // namespace

std::vector<Partition> plan_partitions(const Options& options, Random& random) {
  std::vector<Partition> partitions;
  auto add = [&](const char* role, uint64_t offset, uint64_t size) {
    Partition partition;
    partition.role = role;
    partition.offset = offset;
    partition.size_bytes = size;
    if (options.table == Table::kGpt) {
      partition.type = *Guid::parse(find_role(role).gpt_type);
      partition.id = random.guid();
    }
    bool logical = options.table == Table::kMbrLogical && !partitions.empty();
    partition.number = static_cast<uint32_t>(partitions.size() + (logical ? 4 : 1));
    partitions.push_back(partition);
  };
  if (options.table == Table::kBare) {
    add("windows", 0, options.size_bytes);
    partitions[0].number = 0;
    return partitions;
  }
  // A logical partition has its boot record in the MiB before it.
  uint64_t gap = options.table == Table::kMbrLogical ? kMebibyte : 0;
  std::vector<Wish> wanted = wishes(options);
  uint64_t fixed = 2 * kMebibyte + gap * (wanted.size() - 1);
  for (const Wish& wish : wanted) fixed += wish.size_bytes;
  uint64_t usable = align_down(options.size_bytes, kMebibyte);
  if (usable < fixed + 16 * kMebibyte)
    throw Error(
        ErrorCode::kUsage, "brokenpc.size.small",
        "an image with these partitions needs at least " + std::to_string(fixed / kMebibyte + 16) + " MiB");
  uint64_t offset = kMebibyte;
  for (size_t i = 0; i < wanted.size(); ++i) {
    uint64_t size = wanted[i].size_bytes != 0 ? wanted[i].size_bytes : usable - fixed;
    if (i > 0) offset += gap;
    add(wanted[i].role, offset, size);
    offset += size;
  }
  return partitions;
}

void write_gpt(ImageFile& image, uint32_t sector_bytes, const Guid& disk_guid,
               const std::vector<Partition>& partitions) {
  uint64_t last_lba = image.size_bytes() / sector_bytes - 1;
  ByteVector protective = empty_boot_record(sector_bytes);
  put_mbr_entry(protective, 0, false, 0xee, 1, sectors32(last_lba * sector_bytes, sector_bytes));
  protective[447] = 0x00;  // CHS 0/0/2, as the specification fixes it
  protective[448] = 0x02;
  protective[449] = 0x00;
  protective[451] = protective[452] = protective[453] = 0xff;
  image.write(0, protective);

  ByteVector array = gpt_array(sector_bytes, partitions);
  uint64_t backup_array = last_lba - kGptArrayBytes / sector_bytes;
  image.write(sector_bytes, gpt_header(sector_bytes, disk_guid, 1, last_lba, 2, last_lba, array));
  image.write(uint64_t{2} * sector_bytes, array);
  image.write(backup_array * sector_bytes, array);
  image.write(last_lba * sector_bytes,
              gpt_header(sector_bytes, disk_guid, last_lba, 1, backup_array, last_lba, array));
}

void write_mbr(ImageFile& image, uint32_t sector_bytes, uint32_t signature, Table table,
               const std::vector<Partition>& partitions) {
  auto lba = [&](uint64_t offset) { return sectors32(offset, sector_bytes); };
  ByteVector sector = empty_boot_record(sector_bytes);
  write_le<uint32_t>(sector, 440, signature);
  size_t primaries = table == Table::kMbr ? partitions.size() : 1;
  for (size_t i = 0; i < primaries; ++i) {
    const Partition& partition = partitions[i];
    put_mbr_entry(sector, i, i == 0, find_role(partition.role).mbr_type, lba(partition.offset),
                  lba(partition.size_bytes));
  }
  if (table == Table::kMbrLogical) {
    uint64_t extended = partitions[1].offset - kMebibyte;
    uint64_t end = partitions.back().offset + partitions.back().size_bytes;
    put_mbr_entry(sector, 1, false, 0x0f, lba(extended), lba(end - extended));
    for (size_t i = 1; i < partitions.size(); ++i) {
      const Partition& partition = partitions[i];
      ByteVector record = empty_boot_record(sector_bytes);
      // The first entry counts from this record, the link to the next record from the extended partition.
      put_mbr_entry(record, 0, false, find_role(partition.role).mbr_type, lba(kMebibyte),
                    lba(partition.size_bytes));
      if (i + 1 < partitions.size()) {
        uint64_t next = partitions[i + 1].offset - kMebibyte;
        put_mbr_entry(record, 1, false, 0x05, lba(next - extended),
                      lba(kMebibyte + partitions[i + 1].size_bytes));
      }
      image.write(partition.offset - kMebibyte, record);
    }
  }
  image.write(0, sector);
}

}  // namespace mend::brokenpc
