// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "base/error.h"
#include "disk/content.h"
#include "disk/disk.h"
#include "disk/edge_reader.h"
#include "disk/gpt.h"
#include "disk/mbr.h"
#include "disk/raid.h"
#include "disk/sector_size.h"
#include "disk/signatures.h"

namespace mend::disk {
namespace {

// What libblkid reads at a volume's start to name it: ext4's superblock, swap's mark, md 1.2 and more.
constexpr uint64_t kVolumeStartBytes = 8192;

Guid guid(std::string_view text) {
  return Guid::parse(text).value();
}

struct PartitionTypes {
  Guid ldm_metadata = guid("5808c8aa-7e8f-42e0-85d2-e1e90434cfb3");
  Guid ldm_data = guid("af9b60a0-1431-4f62-bc68-3311714a69ad");
  Guid storage_spaces = guid("e75caf8f-f680-4cee-afa3-b001e56efc2d");
  Guid linux_raid = guid("a19d880f-05fc-4d3b-a006-743f0f84911e");
  Guid basic_data = guid("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7");
  Guid recovery = guid("de94bba4-06d1-4d40-a16a-bfd50179d6ac");
};
const PartitionTypes& types() {
  static const PartitionTypes all;
  return all;
}

constexpr const char* kLdmReason =
    "it is a dynamic disk (LDM): its volumes may be spread over several disks or mirrored, and writing to "
    "one disk "
    "alone could damage them. Nothing is changed. Start Windows' recovery environment, which knows dynamic "
    "disks, "
    "and make the repair there";
constexpr const char* kSpacesReason =
    "it belongs to a Storage Spaces pool: its bytes are parts of volumes that other disks share. Nothing is "
    "changed. Windows does not start from such a pool; repair the disk that holds Windows, or attach the "
    "whole pool "
    "to a Windows machine";
constexpr const char* kRefsReason =
    "it is a ReFS volume, which this tool does not read. Nothing is changed. Attach the disk to a Windows "
    "machine "
    "that reads ReFS and make the repair there";

bool is_bare_volume(Content content) {
  return content == Content::kNtfs || content == Content::kBitlocker || content == Content::kRefs ||
         content == Content::kFat;
}

// An MBR may agree with the GPT beside it (a hybrid); then each of its partitions is in the GPT too.
void refuse_disagreeing_hybrid(const Mbr& mbr, const GptTable& gpt, uint32_t sector_bytes,
                               const EdgeReader& disk) {
  for (const MbrEntry& entry : mbr.entries) {
    if (!entry.used() || entry.type == kMbrProtective) continue;
    const bool found =
        std::any_of(gpt.partitions.begin(), gpt.partitions.end(), [&](const Partition& partition) {
          return partition.offset == uint64_t{entry.first} * sector_bytes &&
                 partition.size_bytes == uint64_t{entry.count} * sector_bytes;
        });
    if (!found) {
      throw Error(
          ErrorCode::kCorrupt, "disk.table.hybrid",
          fmt::format("{} has two partition tables, and the MBR names a partition at sector {} that the GPT "
                      "does not have: which one is real cannot be told. Nothing was changed",
                      disk.describe(), entry.first));
    }
  }
}

void take_gpt(Disk& out, GptTable&& gpt) {
  out.table = Table::kGpt;
  out.identity.disk_guid = gpt.disk_guid;
  out.backup_table_used = gpt.backup_used;
  out.partitions = std::move(gpt.partitions);
}

void take_whole(Disk& out, const EdgeReader& disk) {
  Partition whole;
  whole.size_bytes = disk.size_bytes();
  out.partitions = {whole};
}

// The order matters: a volume without a table also ends its first sector in 55 AA, and a disk changed to an
// MBR keeps its old GPT.
void read_table(Disk& out, EdgeReader& disk, uint32_t sector_bytes) {
  const Content start = classify(disk.head());
  if (is_bare_volume(start)) {
    if (gpt_primary_is_whole(disk, sector_bytes)) {
      throw Error(
          ErrorCode::kCorrupt, "disk.table.ambiguous",
          fmt::format("{} starts as a volume ({}) and has a whole partition table as well: which of them is "
                      "real cannot be told. Nothing was changed",
                      disk.describe(), to_string(start)));
    }
    return take_whole(out, disk);
  }
  const std::optional<Mbr> mbr = parse_mbr(disk.head());
  if (mbr && !mbr->has_protective() && mbr->has_others()) {
    out.table = Table::kMbr;
    if (mbr->disk_signature != 0) out.identity.mbr_signature = mbr->disk_signature;
    out.partitions = read_mbr_partitions(disk, *mbr, sector_bytes);
    return;
  }
  const bool expected = (mbr && mbr->has_protective()) || gpt_signature_at(disk, 1, sector_bytes);
  if (std::optional<GptTable> gpt = read_gpt(disk, sector_bytes, expected)) {
    if (mbr) refuse_disagreeing_hybrid(*mbr, *gpt, sector_bytes, disk);
    return take_gpt(out, std::move(*gpt));
  }
  if (mbr && start != Content::kEmpty && mbr->disk_signature != 0) {
    out.table = Table::kMbr;  // initialised, not divided
    out.identity.mbr_signature = mbr->disk_signature;
    return;
  }
  take_whole(out, disk);
}

void refuse_other_sector_size(EdgeReader& disk, uint32_t sector_bytes) {
  const uint32_t other = sector_bytes == 512 ? 4096 : 512;
  if (gpt_primary_is_whole(disk, sector_bytes) || !gpt_primary_is_whole(disk, other)) return;
  throw Error(
      ErrorCode::kUnsupported, "disk.sector.mismatch",
      fmt::format("the partition table of {} was written for sectors of {} bytes, but the disk shows sectors "
                  "of {}: an adapter between them translates. Nothing was changed. Attach the disk without "
                  "that adapter",
                  disk.describe(), other, sector_bytes));
}

bool may_hold_windows_volume(const Partition& partition) {
  if (!partition.type_guid)
    return partition.mbr_type == 0x07 || partition.mbr_type == 0x27 || partition.number == 0;
  return *partition.type_guid == types().basic_data || *partition.type_guid == types().recovery;
}

// True when the partition's type alone settles what it is.
bool classify_by_type(Partition& partition) {
  const auto settle = [&](Content content, std::string reason) {
    partition.content = content;
    partition.unsupported_reason = std::move(reason);
    return true;
  };
  const std::optional<Guid>& type = partition.type_guid;
  if (partition.mbr_type == kMbrLdm || type == types().ldm_data || type == types().ldm_metadata) {
    return settle(Content::kLdm, kLdmReason);
  }
  if (type == types().storage_spaces) return settle(Content::kStorageSpaces, kSpacesReason);
  if (partition.mbr_type == kMbrLinuxRaid || type == types().linux_raid) {
    return settle(Content::kRaidMember, raid_reason("Linux software RAID (md), by the partition's type"));
  }
  return false;
}

void name_by_libblkid(Partition& partition, Bytes start, uint32_t sector_bytes) {
  for (const Signature& signature : find_signatures(partition.size_bytes, sector_bytes, {{0, start}})) {
    if (signature.is_array) {
      partition.content = Content::kRaidMember;
      partition.content_name = signature.type;
      partition.unsupported_reason = raid_reason(signature.type);
      return;
    }
    if (partition.content == Content::kUnknown) {
      partition.content = Content::kOther;
      partition.content_name = signature.type;
    }
  }
}

// NTFS keeps a copy of its boot sector in the partition's last sector.
bool ends_as_ntfs(const Partition& partition, EdgeReader& disk, uint32_t sector_bytes) {
  if (!may_hold_windows_volume(partition) || partition.size_bytes < 2 * uint64_t{sector_bytes}) return false;
  const uint64_t last = partition.offset + partition.size_bytes - sector_bytes;
  return is_ntfs_boot_sector(disk.read_bytes(last, sector_bytes));
}

void classify_by_bytes(Partition& partition, EdgeReader& disk, uint32_t sector_bytes) {
  const ByteVector start =
      disk.read_bytes(partition.offset, std::min(partition.size_bytes, kVolumeStartBytes));
  partition.content = classify(start);
  if (partition.content == Content::kRefs) partition.unsupported_reason = kRefsReason;
  if (partition.content == Content::kUnknown) name_by_libblkid(partition, start, sector_bytes);
  const bool nothing = partition.content == Content::kUnknown || partition.content == Content::kEmpty;
  if (nothing && ends_as_ntfs(partition, disk, sector_bytes)) partition.content = Content::kNtfs;
  if (partition.number == 0) return;  // a whole disk is looked at for arrays anyway
  std::optional<RaidSignature> md = find_md_at_start(start);
  const bool volume = partition.content == Content::kNtfs || partition.content == Content::kBitlocker;
  if (!md && volume) md = find_md_at_end(disk, partition.offset, partition.size_bytes);
  if (!md) return;
  partition.content = Content::kRaidMember;
  partition.content_name.clear();
  partition.unsupported_reason = raid_reason(md->kind);
}

void classify_partition(Partition& partition, EdgeReader& disk, uint32_t sector_bytes) {
  if (!classify_by_type(partition)) classify_by_bytes(partition, disk, sector_bytes);
  if (partition.content_name.empty()) partition.content_name = to_string(partition.content);
}

// Sets the disk's reason. A signature that stands inside a partition is that partition's affair.
void look_for_arrays(Disk& out, EdgeReader& disk, uint32_t sector_bytes) {
  if (const auto raid = find_raid(disk, 0, disk.size_bytes())) {
    for (Partition& partition : out.partitions) {
      if (partition.number == 0 || raid->offset < partition.offset ||
          raid->offset - partition.offset >= partition.size_bytes) {
        continue;
      }
      partition.content = Content::kRaidMember;
      partition.content_name = to_string(Content::kRaidMember);
      partition.unsupported_reason = raid_reason(raid->kind);
      return;
    }
    out.unsupported_reason = raid_reason(raid->kind);
    return;
  }
  // libblkid sees the disk's edges without the volumes on it; of its answers only arrays count here.
  const std::vector<Piece> pieces = {{0, disk.head()}, {disk.tail_offset(), disk.tail()}};
  for (const Signature& signature : find_signatures(disk.size_bytes(), sector_bytes, pieces)) {
    if (signature.is_array) out.unsupported_reason = raid_reason(signature.type);
  }
}

void look_for_ldm(Disk& out) {
  for (const Partition& partition : out.partitions) {
    if (partition.content == Content::kLdm) out.unsupported_reason = kLdmReason;
  }
}

}  // namespace

std::string_view to_string(Table table) {
  switch (table) {
    case Table::kNone:
      return "none";
    case Table::kMbr:
      return "mbr";
    case Table::kGpt:
      return "gpt";
  }
  return "none";
}

Disk inspect_reader(block::BlockReader& reader, bool sector_size_known) {
  EdgeReader disk(reader);
  Disk out;
  out.identity.path = reader.describe();
  out.identity.size_bytes = reader.size_bytes();
  const uint32_t sector_bytes = sector_size_known ? reader.sector_bytes() : find_sector_size(disk);
  out.identity.sector_bytes = sector_bytes;
  if (sector_size_known) refuse_other_sector_size(disk, sector_bytes);
  try {
    read_table(out, disk, sector_bytes);
  } catch (const Error& error) {
    // A member of an array may show half a table; then the array is the news.
    if (error.code() != ErrorCode::kCorrupt) throw;
    out.partitions.clear();
    look_for_arrays(out, disk, sector_bytes);
    if (!out.unsupported_reason) throw;
    return out;
  }
  for (Partition& partition : out.partitions) classify_partition(partition, disk, sector_bytes);
  look_for_arrays(out, disk, sector_bytes);
  look_for_ldm(out);
  return out;
}

Disk inspect(block::FileDevice& device) {
  Identity identity;
  struct stat status {};
  if (device.is_block_device() && ::stat(device.describe().c_str(), &status) == 0) {
    read_identity("/sys", major(status.st_rdev), minor(status.st_rdev), identity);
  }
  Disk disk = inspect_reader(device, device.is_block_device());
  device.set_sector_bytes(disk.identity.sector_bytes);  // does nothing on a block device
  disk.identity.vendor = std::move(identity.vendor);
  disk.identity.model = std::move(identity.model);
  disk.identity.serial = std::move(identity.serial);
  disk.identity.wwn = std::move(identity.wwn);
  disk.identity.removable = identity.removable;
  disk.identity.usb = identity.usb;
  return disk;
}

}  // namespace mend::disk
