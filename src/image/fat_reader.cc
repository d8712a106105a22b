// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/fat_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace mend::image {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr size_t kEntryBytes = 32;
constexpr size_t kMaximumFaults = 100;
constexpr size_t kMaximumDepth = 64;
constexpr uint64_t kMaximumFatBytes = uint64_t{512} * 1024 * 1024;
constexpr uint32_t kClusterMask = 0x0FFFFFFF;
constexpr uint32_t kBad = 0x0FFFFFF7;
constexpr uint8_t kFolder = 0x10;
constexpr uint8_t kLabel = 0x08;
constexpr uint8_t kLongName = 0x0F;

class Reader {
 public:
  Reader(block::BlockReader& disk, uint64_t offset) : disk_(disk), offset_(offset) {}

  FatContent read() {
    read_boot_sector();
    read_tables();
    content_.data_offset = offset_ + data_sector_ * kSectorBytes;
    content_.table_offset = fat_offset_;
    content_.table_bytes = fat_bytes_;
    content_.cluster_bytes = cluster_bytes_;
    content_.info_offset = offset_ + kSectorBytes;
    content_.entries.push_back(
        {.path = "", .is_folder = true, .pieces = chain(root_cluster_, "the root", 0)});
    read_folder(0, 0);
    check_unused();
    content_.table = std::move(table_);
    content_.owned = std::move(taken_);
    return std::move(content_);
  }

 private:
  void fault(const std::string& what) {
    if (content_.faults.size() < kMaximumFaults) content_.faults.push_back(what);
  }

  [[noreturn]] void no_volume(const std::string& why) const {
    throw Error(ErrorCode::kCorrupt, "image.reader.volume",
                fmt::format("{} holds no FAT32 volume at byte {}: {}", disk_.describe(), offset_, why));
  }

  void read_boot_sector() {
    if (!fits(offset_, 8 * kSectorBytes, disk_.size_bytes())) no_volume("it ends before");
    const ByteVector area = disk_.read_bytes(offset_, 8 * kSectorBytes);
    const Bytes boot = slice(Bytes(area), 0, kSectorBytes);
    if (read_le<uint16_t>(boot, 510) != 0xAA55) no_volume("its first sector has no signature");
    if (read_le<uint16_t>(boot, 11) != kSectorBytes) no_volume("its sectors do not have 512 bytes");
    if (read_le<uint16_t>(boot, 22) != 0 || read_le<uint16_t>(boot, 17) != 0) no_volume("it is an older FAT");
    cluster_bytes_ = boot[13] * kSectorBytes;
    const uint64_t reserved = read_le<uint16_t>(boot, 14);
    const uint64_t sectors = read_le<uint32_t>(boot, 32);
    fat_bytes_ = read_le<uint32_t>(boot, 36) * kSectorBytes;
    root_cluster_ = read_le<uint32_t>(boot, 44);
    fat_offset_ = offset_ + reserved * kSectorBytes;
    data_sector_ = reserved + 2 * fat_bytes_ / kSectorBytes;
    if (!is_power_of_two(boot[13]) || boot[16] != 2 || reserved < 8 || fat_bytes_ == 0 ||
        fat_bytes_ > kMaximumFatBytes || data_sector_ >= sectors)
      no_volume("its sizes contradict each other");
    if (!fits(offset_, sectors * kSectorBytes, disk_.size_bytes())) no_volume("it is larger than the disk");
    clusters_ = (sectors - data_sector_) * kSectorBytes / cluster_bytes_;
    if (clusters_ < 65525 || (clusters_ + 2) * sizeof(uint32_t) > fat_bytes_)
      no_volume("its number of clusters is not that of FAT32");
    // The flag that a mounted volume is in use stands in byte 65.
    Bytes backup = slice(Bytes(area), 6 * kSectorBytes, kSectorBytes);
    if (!equal(boot.first(65), backup.first(65)) || !equal(boot.subspan(66), backup.subspan(66)))
      fault("the boot sector and its copy differ");
    if (read_le<uint32_t>(area, kSectorBytes) != 0x41615252)
      fault("the sector with the count of free clusters has no signature");
  }

  void read_tables() {
    const ByteVector first = disk_.read_bytes(fat_offset_, fat_bytes_);
    const ByteVector second = disk_.read_bytes(fat_offset_ + fat_bytes_, fat_bytes_);
    content_.tables_differ = first != second;
    if (content_.tables_differ) fault("the two allocation tables differ");
    table_.resize(static_cast<size_t>(clusters_ + 2));
    for (size_t i = 0; i < table_.size(); ++i)
      table_[i] = read_le<uint32_t>(first, i * sizeof(uint32_t)) & kClusterMask;
    taken_.resize(table_.size());
  }

  bool is_cluster(uint32_t cluster) const { return cluster >= 2 && cluster < table_.size(); }

  // Where the chain's clusters lie. `size_bytes`: of a file; 0: as long as it goes.
  std::vector<FatEntry::Piece> chain(uint32_t first, const std::string& what, uint64_t size_bytes) {
    std::vector<FatEntry::Piece> pieces;
    uint64_t total = 0;
    uint32_t cluster = first;
    for (; is_cluster(cluster); cluster = table_[cluster]) {
      if (taken_[cluster]) {
        fault(fmt::format("{}: a cluster belongs to another file too", what));
        return pieces;
      }
      taken_[cluster] = true;
      const uint64_t at = offset_ + data_sector_ * kSectorBytes + (cluster - 2) * cluster_bytes_;
      if (!pieces.empty() && pieces.back().offset + pieces.back().size_bytes == at) {
        pieces.back().size_bytes += cluster_bytes_;
      } else {
        pieces.push_back({at, cluster_bytes_});
      }
      total += cluster_bytes_;
    }
    if (cluster <= kBad) fault(fmt::format("{}: its chain of clusters leads to none", what));
    if (size_bytes != 0 && align_up(size_bytes, cluster_bytes_) != total)
      fault(fmt::format("{}: {} bytes, and clusters for {}", what, size_bytes, total));
    return pieces;
  }

  ByteVector bytes_of(const std::vector<FatEntry::Piece>& pieces) {
    constexpr uint64_t kLargestFolder = 65536 * kEntryBytes;
    ByteVector bytes;
    for (const FatEntry::Piece& piece : pieces) {
      const uint64_t wanted = std::min(piece.size_bytes, kLargestFolder - bytes.size());
      const ByteVector more = disk_.read_bytes(piece.offset, wanted);
      bytes.insert(bytes.end(), more.begin(), more.end());
    }
    return bytes;
  }

  // Where on the disk the byte `at` of a folder is.
  static uint64_t place_of(const std::vector<FatEntry::Piece>& pieces, uint64_t at) {
    for (const FatEntry::Piece& piece : pieces) {
      if (at < piece.size_bytes) return piece.offset + at;
      at -= piece.size_bytes;
    }
    throw_out_of_bounds(at, kEntryBytes, 0);
  }

  void read_folder(size_t index, size_t depth) {
    const std::string path = content_.entries[index].path;
    if (depth > kMaximumDepth) return fault(printable(path) + ": too many folders in each other");
    const ByteVector bytes = bytes_of(content_.entries[index].pieces);
    std::vector<size_t> folders;
    std::u16string long_name;
    std::vector<uint64_t> records;
    for (size_t at = 0; at + kEntryBytes <= bytes.size(); at += kEntryBytes) {
      const Bytes entry = slice(Bytes(bytes), at, kEntryBytes);
      if (entry[0] == 0) break;
      records.push_back(place_of(content_.entries[index].pieces, at));
      if (entry[0] == 0xE5) {
        long_name.clear();
        records.clear();
      } else if ((entry[11] & kLongName) == kLongName) {
        long_name.insert(0, long_name_part(entry));
      } else {
        if ((entry[11] & kLabel) == 0 && entry[0] != '.')
          add_entry(path.empty() ? name_of(entry, long_name) : path + "/" + name_of(entry, long_name), entry,
                    std::move(records), folders);
        long_name.clear();
        records.clear();
      }
    }
    for (size_t folder : folders) read_folder(folder, depth + 1);
  }

  void add_entry(std::string path, Bytes entry, std::vector<uint64_t> records, std::vector<size_t>& folders) {
    const uint32_t cluster = (uint32_t{read_le<uint16_t>(entry, 20)} << 16) | read_le<uint16_t>(entry, 26);
    FatEntry found;
    found.is_folder = (entry[11] & kFolder) != 0;
    found.size_bytes = found.is_folder ? 0 : read_le<uint32_t>(entry, 28);
    if (cluster != 0) {
      found.pieces = chain(cluster, printable(path), found.size_bytes);
    } else if (found.is_folder || found.size_bytes != 0) {
      fault(printable(path) + ": it has no cluster");
    }
    found.path = std::move(path);
    found.records = std::move(records);
    if (found.is_folder) folders.push_back(content_.entries.size());
    content_.entries.push_back(std::move(found));
  }

  static std::u16string long_name_part(Bytes entry) {
    constexpr std::array<size_t, 13> kOffsets = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    std::u16string part;
    for (size_t offset : kOffsets) {
      const uint16_t unit = read_le<uint16_t>(entry, offset);
      if (unit == 0 || unit == 0xFFFF) break;
      part.push_back(static_cast<char16_t>(unit));
    }
    return part;
  }

  static std::string name_of(Bytes entry, const std::u16string& long_name) {
    if (!long_name.empty()) return to_utf8(long_name);
    std::string base(trim_ascii(as_text(entry.first(8))));
    std::string extension(trim_ascii(as_text(entry.subspan(8, 3))));
    if ((entry[12] & 0x08) != 0) base = lower_ascii(base);  // as Windows NT marks a name in small letters
    if ((entry[12] & 0x10) != 0) extension = lower_ascii(extension);
    return extension.empty() ? base : base + "." + extension;
  }

  // Clusters that nobody owns are no danger, but a sign of a stick that was pulled out while it was written.
  void check_unused() {
    uint64_t& lost = content_.lost_clusters;
    for (size_t i = 2; i < table_.size(); ++i) {
      if (table_[i] != 0 && table_[i] != kBad && !taken_[i]) ++lost;
    }
    if (lost != 0) fault(fmt::format("{} clusters are taken and belong to no file", lost));
  }

  block::BlockReader& disk_;
  uint64_t offset_;
  FatContent content_;
  uint64_t cluster_bytes_ = 0, fat_offset_ = 0, fat_bytes_ = 0, data_sector_ = 0, clusters_ = 0;
  uint32_t root_cluster_ = 0;
  std::vector<uint32_t> table_;
  std::vector<bool> taken_;  // by a file or folder
};

}  // namespace

FatContent read_fat32(block::BlockReader& disk, uint64_t offset) {
  return Reader(disk, offset).read();
}

}  // namespace mend::image
