// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/fat_remove.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "image/fat_reader.h"

namespace mend::image {
namespace {

constexpr uint8_t kRemoved = 0xE5;
constexpr uint64_t kFreeCountAt = 488, kNextFreeAt = 492;  // in the sector with the count
constexpr uint64_t kTableEntryBytes = 4;
constexpr uint32_t kReservedBits = 0xF0000000;

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw Error(ErrorCode::kRefused, id, why + "; nothing was removed");
}

std::vector<const FatEntry*> find(const FatContent& content, const std::vector<std::string>& paths) {
  std::vector<const FatEntry*> found;
  for (const std::string& path : std::set<std::string>(paths.begin(), paths.end())) {
    const auto entry = std::find_if(content.entries.begin(), content.entries.end(),
                                    [&](const FatEntry& other) { return other.path == path; });
    if (entry == content.entries.end() || entry->is_folder || entry->records.empty())
      refuse("image.remove.missing", printable(path) + " is no file of the volume");
    found.push_back(&*entry);
  }
  return found;
}

void remove_names(block::BlockDevice& disk, const std::vector<const FatEntry*>& files) {
  for (const FatEntry* file : files) {
    for (const uint64_t record : file->records) disk.write(record, std::array{kRemoved});
  }
  disk.flush();
}

// The upper four bits of an entry are not the file's and stay.
void free_clusters(block::BlockDevice& disk, const FatContent& content,
                   const std::vector<const FatEntry*>& files) {
  for (const FatEntry* file : files) {
    for (const FatEntry::Piece& piece : file->pieces) {
      const uint64_t first = (piece.offset - content.data_offset) / content.cluster_bytes + 2;
      const uint64_t count = piece.size_bytes / content.cluster_bytes;
      for (const uint64_t table : {content.table_offset, content.table_offset + content.table_bytes}) {
        ByteVector entries = disk.read_bytes(table + first * kTableEntryBytes, count * kTableEntryBytes);
        for (uint64_t at = 0; at < entries.size(); at += kTableEntryBytes)
          write_le<uint32_t>(entries, at, read_le<uint32_t>(entries, at) & kReservedBits);
        disk.write(table + first * kTableEntryBytes, entries);
      }
    }
  }
  // Not known: who mounts it counts anew.
  ByteVector counts(8, 0xFF);
  static_assert(kNextFreeAt == kFreeCountAt + 4);
  disk.write(content.info_offset + kFreeCountAt, counts);
  disk.flush();
}

// Everything but what was removed is as it was.
void check(block::BlockDevice& disk, uint64_t volume_offset, const FatContent& before,
           const std::vector<const FatEntry*>& removed) {
  const FatContent after = read_fat32(disk, volume_offset);
  std::string wrong = after.faults.empty() ? "" : after.faults.front();
  if (after.entries.size() + removed.size() != before.entries.size())
    wrong = "it has other files than expected";
  auto now = after.entries.begin();
  for (const FatEntry& entry : before.entries) {
    if (std::find(removed.begin(), removed.end(), &entry) != removed.end()) continue;
    if (now == after.entries.end() || now->path != entry.path || now->size_bytes != entry.size_bytes) {
      wrong = printable(entry.path) + " is not what it was";
      break;
    }
    ++now;
  }
  if (wrong.empty()) return;
  throw Error(
      ErrorCode::kCorrupt, "image.remove.after",
      fmt::format("{}: read back after removing files: {}; check the volume (fsck.fat) before it is used",
                  disk.describe(), wrong));
}

}  // namespace

void remove_files(block::BlockDevice& disk, uint64_t volume_offset, const std::vector<std::string>& paths) {
  const FatContent content = read_fat32(disk, volume_offset);
  if (!content.faults.empty()) {
    refuse("image.remove.faults", fmt::format("{} is damaged ({}): check it with fsck.fat first",
                                              disk.describe(), content.faults.front()));
  }
  const std::vector<const FatEntry*> files = find(content, paths);
  if (files.empty()) return;
  remove_names(disk, files);
  free_clusters(disk, content, files);
  check(disk, volume_offset, content, files);
}

}  // namespace mend::image
