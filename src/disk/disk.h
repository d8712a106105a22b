// SPDX-License-Identifier: GPL-3.0-or-later
// What a disk is: who made it, how it is divided, what each part holds, and whether it may be repaired at
// all. Used by scan and by repair before anything else. It opens nothing and writes nothing; the caller owns
// the device.
//
// Invariants
//   K-1  A table is used only if it is whole: checksums right, every partition inside the disk, none over
//        another. Anything else is an Error (kCorrupt), never a guess.
//   K-2  A disk that is a member of an array, or whose volumes a volume manager has spread, carries
//        `unsupported_reason`, even where its partition table can be read.
//   K-3  At most 20 reads a disk and two a partition, all through BlockReader; a failing read is an Error,
//   not
//        "nothing found there".
//   K-4  Two disks that cannot be told apart, or are copies of each other, are both named by find_twins.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/guid.h"
#include "block/file_device.h"

namespace mend::disk {

// What the first bytes of a partition say. kEmpty: zeros. kOther: known to libblkid, `content_name` tells.
enum class Content {
  kUnknown,
  kNtfs,
  kBitlocker,
  kFat,  // and exFAT
  kRefs,
  kLdm,
  kStorageSpaces,
  kRaidMember,
  kOther,
  kEmpty,
};
// "ntfs", "bitlocker", "fat", "refs", "dynamic disk", "storage spaces", "raid member", "other", "empty",
// "unknown".
std::string_view to_string(Content content);

struct Partition {
  uint32_t number = 0;  // as Linux counts; 0: the whole disk, which has no table
  uint64_t offset = 0;  // bytes, on the disk
  uint64_t size_bytes = 0;
  std::optional<Guid> type_guid;       // GPT
  std::optional<Guid> partition_guid;  // GPT
  uint8_t mbr_type = 0;                // MBR
  bool active = false;                 // MBR: the partition the BIOS starts
  std::string name;                    // GPT, UTF-8
  Content content = Content::kUnknown;
  std::string content_name;  // to_string(content), or libblkid's word such as "ext4"
  // Why this partition is not to be touched, and what the technician can do.
  std::optional<std::string> unsupported_reason;
};

struct Identity {
  std::string path;
  std::string vendor, model, serial, wwn;  // empty where not known, as for image files
  std::optional<Guid> disk_guid;           // GPT
  std::optional<uint32_t> mbr_signature;   // MBR, where it is not zero
  uint64_t size_bytes = 0;
  uint32_t sector_bytes = 0;
  bool removable = false;
  bool usb = false;
};

enum class Table { kNone, kMbr, kGpt };
std::string_view to_string(Table table);

struct Disk {
  Identity identity;
  Table table = Table::kNone;
  bool backup_table_used = false;     // the primary GPT is damaged
  std::vector<Partition> partitions;  // in the order of their numbers; kNone: one, the whole disk
  // Why no partition of this disk is to be touched, and what the technician can do.
  std::optional<std::string> unsupported_reason;
};

// Reads identity, table and the first sectors of each partition. The sector size of an image file is found
// out (512, then 4096) and set in `device`. kCorrupt for a table that cannot be trusted, kUnsupported for one
// that was written for another sector size than the adapter shows, kUsage for a block device that is itself a
// partition, kIo.
Disk inspect(block::FileDevice& device);

// The same without the host: no identity beyond the table's. `sector_size_known`: the sector size of `reader`
// is a fact; else the one found is returned in identity.sector_bytes and the caller corrects its device.
Disk inspect_reader(block::BlockReader& reader, bool sector_size_known);

// Paths of the disks built into this machine, for the stick: nothing on USB, no card reader, no virtual
// device, nothing without a medium. Sorted. kIo when the kernel's list cannot be read.
std::vector<std::string> internal_disks();
std::vector<std::string> internal_disks(const std::string& sys_root, const std::string& dev_root);
// The others with a medium: on USB, in a card reader, behind a port.
std::vector<std::string> external_disks();
std::vector<std::string> external_disks(const std::string& sys_root, const std::string& dev_root);

// Fills in vendor, model, serial, WWN, removable, usb of the block device major:minor from sysfs. What the
// kernel does not tell stays empty. kUsage when the device is a partition of a disk.
void read_identity(const std::string& sys_root, unsigned major, unsigned minor, Identity& identity);

// For each disk the reason why it may be a copy or another path of one of the others; nullopt: it stands
// alone.
std::vector<std::optional<std::string>> find_twins(const std::vector<Disk>& disks);

}  // namespace mend::disk
