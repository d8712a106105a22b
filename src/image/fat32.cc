// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/fat32.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "image/fat_tree.h"

namespace mend::image {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kReservedSectors = 32;  // at least; more where the data region's alignment asks for it
constexpr uint64_t kBootAreaSectors = 16;  // of which something is written
constexpr uint64_t kBackupSector = 6;      // of the boot sector; FSInfo follows it
constexpr uint64_t kClusterLimit = 65525;  // fewer clusters: a driver takes it for FAT16
constexpr uint64_t kClusterMargin = 16;    // since not every driver counts right
constexpr uint64_t kMostClusters = 0x0FFFFFF5;
constexpr uint64_t kLargestClusterSectors = 8;
constexpr uint32_t kEndOfChain = 0x0FFFFFFF;
constexpr uint32_t kFirstCluster = 2;

struct Geometry {
  uint64_t cluster_sectors = 0;
  uint64_t fat_sectors = 0;  // of one of the two; a multiple of a block
  uint64_t reserved_sectors = 0;
  uint64_t data_offset = 0;  // in the image
  uint64_t clusters = 0;

  uint64_t cluster_bytes() const { return cluster_sectors * kSectorBytes; }
};

Geometry geometry_with(const FatRequest& request, uint64_t cluster_sectors) {
  Geometry geometry;
  geometry.cluster_sectors = cluster_sectors;
  const uint64_t most = request.size_bytes / geometry.cluster_bytes();
  const uint64_t fat_bytes = align_up((most + kFirstCluster) * sizeof(uint32_t), kBlockBytes);
  geometry.fat_sectors = fat_bytes / kSectorBytes;
  const uint64_t least = request.partition_offset + kReservedSectors * kSectorBytes + 2 * fat_bytes;
  geometry.data_offset = align_up(least, kMiB);
  const uint64_t end = request.partition_offset + request.size_bytes;
  geometry.reserved_sectors =
      (geometry.data_offset - request.partition_offset - 2 * fat_bytes) / kSectorBytes;
  if (geometry.data_offset < end) geometry.clusters = (end - geometry.data_offset) / geometry.cluster_bytes();
  return geometry;
}

Geometry geometry_of(const FatRequest& request) {
  for (uint64_t sectors = kLargestClusterSectors; sectors != 0; sectors /= 2) {
    const Geometry geometry = geometry_with(request, sectors);
    if (geometry.clusters > kMostClusters) break;
    if (geometry.clusters >= kClusterLimit + kClusterMargin) return geometry;
  }
  throw Error(ErrorCode::kRefused, "image.fat.small",
              fmt::format("there is no FAT32 volume of {}: it needs at least 36 MiB and at most 1 TiB",
                          size_text(request.size_bytes)));
}

// Whole blocks, so that everything begins at one (FA-2).
uint64_t room_of(const FatNode& node) {
  return align_up(node.size_bytes, kBlockBytes);
}

uint64_t room_of(const std::vector<FatNode>& tree) {
  uint64_t bytes = 0;
  for (const FatNode& node : tree) bytes += room_of(node);
  return bytes;
}

class Writer {
 public:
  Writer(const FatRequest& request, std::vector<FatNode> tree)
      : request_(request), tree_(std::move(tree)), geometry_(geometry_of(request)) {}

  FatVolume write() {
    check_room();
    // Folders first, then the files in the order of the request.
    std::vector<size_t> order;
    for (size_t i = 0; i < tree_.size(); ++i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
    for (size_t index : order) place(tree_[index]);

    FatVolume volume;
    volume.cluster_bytes = static_cast<uint32_t>(geometry_.cluster_bytes());
    volume.clusters = static_cast<uint32_t>(geometry_.clusters);
    volume.free_clusters = volume.clusters - used_clusters_;
    volume.data_offset = geometry_.data_offset;
    add_boot_area(volume);
    add_tables(volume);
    for (size_t index : order) {
      const FatNode& node = tree_[index];
      if (node.first_cluster == 0) continue;
      volume.extents.push_back({offset_of(node.first_cluster),
                                node.is_folder ? Content::memory(directory_bytes(tree_, index, request_))
                                               : request_.files[node.file].content});
    }
    return volume;
  }

 private:
  size_t rank(size_t index) const { return tree_[index].is_folder ? 0 : 1 + tree_[index].file; }

  uint64_t offset_of(uint32_t cluster) const {
    return geometry_.data_offset + (cluster - kFirstCluster) * geometry_.cluster_bytes();
  }

  void check_room() const {
    const uint64_t needed = room_of(tree_);
    const uint64_t room = align_down(geometry_.clusters * geometry_.cluster_bytes(), kBlockBytes);
    if (needed <= room) return;
    throw Error(ErrorCode::kRefused, "image.fat.full",
                fmt::format("the files need {}, and a stick of {} has room for {}: give it a larger size",
                            size_text(needed), size_text(request_.partition_offset + request_.size_bytes),
                            size_text(room)));
  }

  void place(FatNode& node) {
    if (node.size_bytes == 0) return;
    const uint64_t cluster_bytes = geometry_.cluster_bytes();
    const uint64_t clusters = align_up(node.size_bytes, cluster_bytes) / cluster_bytes;
    node.first_cluster = next_cluster_;
    table_.resize(next_cluster_ * sizeof(uint32_t));
    for (uint64_t i = 1; i <= clusters; ++i)
      append(i == clusters ? kEndOfChain : next_cluster_ + uint32_t(i));
    used_clusters_ += static_cast<uint32_t>(clusters);
    next_cluster_ += static_cast<uint32_t>(room_of(node) / cluster_bytes);
  }

  void append(uint32_t entry) {
    table_.resize(table_.size() + sizeof entry);
    write_le<uint32_t>(table_, table_.size() - sizeof entry, entry);
  }

  void add_boot_area(FatVolume& volume) const {
    ByteVector area(kBootAreaSectors * kSectorBytes);
    const MutableBytes all(area);
    write_boot_sector(slice(all, 0, kSectorBytes));
    write_info_sector(slice(all, kSectorBytes, kSectorBytes), volume.free_clusters);
    all[3 * kSectorBytes - 2] = 0x55;  // the boot sector's third part: no code in it
    all[3 * kSectorBytes - 1] = 0xAA;
    std::copy_n(all.begin(), 3 * kSectorBytes, all.begin() + kBackupSector * kSectorBytes);
    volume.extents.push_back({request_.partition_offset, Content::memory(std::move(area))});
    const uint64_t rest = (geometry_.reserved_sectors - kBootAreaSectors) * kSectorBytes;
    volume.extents.push_back(
        {request_.partition_offset + kBootAreaSectors * kSectorBytes, Content::zeros(rest)});
  }

  void write_boot_sector(MutableBytes sector) const {
    constexpr std::string_view kMaker = "MSWIN4.1";  // what every driver is used to
    constexpr std::string_view kType = "FAT32   ";
    std::string label = request_.label.empty() ? "NO NAME" : request_.label;
    label.resize(11, ' ');
    constexpr std::array<uint8_t, 3> kJump = {0xEB, 0x58, 0x90};
    constexpr std::array<uint8_t, 4> kCode = {0xCD, 0x18, 0xEB, 0xFE};  // "no system here", to the BIOS
    std::copy(kJump.begin(), kJump.end(), sector.begin());
    std::copy(kMaker.begin(), kMaker.end(), sector.begin() + 3);
    write_le<uint16_t>(sector, 11, kSectorBytes);
    sector[13] = static_cast<uint8_t>(geometry_.cluster_sectors);
    write_le<uint16_t>(sector, 14, static_cast<uint16_t>(geometry_.reserved_sectors));
    sector[16] = 2;                       // tables
    sector[21] = 0xF8;                    // a fixed disk
    write_le<uint16_t>(sector, 24, 63);   // sectors of a track, for a BIOS that asks
    write_le<uint16_t>(sector, 26, 255);  // heads
    write_le<uint32_t>(sector, 28, static_cast<uint32_t>(request_.partition_offset / kSectorBytes));
    write_le<uint32_t>(sector, 32, static_cast<uint32_t>(request_.size_bytes / kSectorBytes));
    write_le<uint32_t>(sector, 36, static_cast<uint32_t>(geometry_.fat_sectors));
    write_le<uint32_t>(sector, 44, kFirstCluster);  // the root
    write_le<uint16_t>(sector, 48, 1);              // FSInfo's sector
    write_le<uint16_t>(sector, 50, kBackupSector);
    sector[64] = 0x80;  // drive number
    sector[66] = 0x29;  // the three fields that follow are there
    write_le<uint32_t>(sector, 67, request_.serial);
    std::copy(label.begin(), label.end(), sector.begin() + 71);
    std::copy(kType.begin(), kType.end(), sector.begin() + 82);
    std::copy(kCode.begin(), kCode.end(), sector.begin() + 90);
    sector[510] = 0x55;
    sector[511] = 0xAA;
  }

  void write_info_sector(MutableBytes sector, uint32_t free_clusters) const {
    write_le<uint32_t>(sector, 0, 0x41615252);
    write_le<uint32_t>(sector, 484, 0x61417272);
    write_le<uint32_t>(sector, 488, free_clusters);
    write_le<uint32_t>(sector, 492, next_cluster_ - 1);  // the last one that was given out
    write_le<uint32_t>(sector, 508, 0xAA550000);
  }

  // Both tables: the part that is used, then zeros.
  void add_tables(FatVolume& volume) {
    table_.resize(align_up(table_.size(), kBlockBytes));
    write_le<uint32_t>(table_, 0, 0x0FFFFFF8);
    write_le<uint32_t>(table_, 4, kEndOfChain);
    const uint64_t fat_bytes = geometry_.fat_sectors * kSectorBytes;
    const Content used = Content::memory(table_);
    for (int table = 2; table != 0; --table) {
      const uint64_t offset = geometry_.data_offset - static_cast<uint64_t>(table) * fat_bytes;
      volume.extents.push_back({offset, used});
      if (used.size_bytes() < fat_bytes) {
        volume.extents.push_back({offset + used.size_bytes(), Content::zeros(fat_bytes - used.size_bytes())});
      }
    }
  }

  const FatRequest& request_;
  std::vector<FatNode> tree_;
  Geometry geometry_;
  ByteVector table_;
  uint32_t next_cluster_ = kFirstCluster;
  uint32_t used_clusters_ = 0;
};

}  // namespace

FatVolume lay_out_fat32(const FatRequest& request) {
  if (request.size_bytes % kBlockBytes != 0 || request.partition_offset % kMiB != 0) {
    throw Error(ErrorCode::kUsage, "image.fat.aligned",
                "a FAT32 volume is made in whole blocks of 4096 bytes");
  }
  return Writer(request, make_fat_tree(request)).write();
}

uint64_t needed_fat32_bytes(const FatRequest& request, uint64_t free_bytes) {
  const uint64_t data = room_of(make_fat_tree(request)) + free_bytes;
  // The tables take 4 bytes each for at least 512 bytes of data: a 64th is enough for both, and for their
  // alignment 2 MiB are.
  return align_up(data + data / 64 + 2 * kMiB, kMiB);
}

}  // namespace mend::image
