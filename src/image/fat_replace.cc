// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/fat_replace.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "image/content.h"

namespace mend::image {
namespace {

constexpr uint32_t kEndOfChain = 0x0FFFFFFF;
constexpr uint32_t kBad = 0x0FFFFFF7;
constexpr uint32_t kReservedBits = 0xF0000000;  // of an entry of the table: kept as they are
constexpr uint64_t kTablePieceBytes = 512;
constexpr uint64_t kFreeCountAt = 488, kHintAt = 492;  // in the sector with the count of free clusters

class Replacer {
 public:
  Replacer(block::BlockDevice& disk, FatContent volume, const std::string& path)
      : disk_(disk), volume_(std::move(volume)), path_(path) {
    const auto found =
        std::find_if(volume_.entries.begin(), volume_.entries.end(),
                     [&](const FatEntry& entry) { return !entry.is_folder && entry.path == path; });
    if (found == volume_.entries.end()) {
      throw Error(
          ErrorCode::kNotFound, "image.replace.missing",
          fmt::format("{} has no {}: build the image anew, with one", disk.describe(), printable(path)));
    }
    entry_ = &*found;
    const size_t own_faults = (volume_.lost_clusters != 0 ? 1u : 0u) + (volume_.tables_differ ? 1u : 0u);
    if (volume_.faults.size() > own_faults) {
      throw Error(ErrorCode::kRefused, "image.replace.damaged",
                  fmt::format("the volume on {} is damaged: {}. Write the image anew; nothing was changed",
                              disk.describe(), volume_.faults.front()));
    }
  }

  std::vector<FatEntry::Piece> run(Bytes content) {
    const std::vector<uint32_t> clusters =
        free_clusters(align_up(content.size(), cluster_bytes()) / cluster_bytes());
    write_content(clusters, content);
    disk_.flush();
    std::vector<uint32_t> table = volume_.table;
    give_back_lost(table);
    for (size_t i = 0; i < clusters.size(); ++i)
      table[clusters[i]] = i + 1 < clusters.size() ? clusters[i + 1] : kEndOfChain;
    write_table(table);
    disk_.flush();
    write_entry(clusters.front(), static_cast<uint32_t>(content.size()));
    disk_.flush();
    for (const FatEntry::Piece& piece : entry_->pieces) {
      for (uint64_t at = 0; at < piece.size_bytes; at += cluster_bytes())
        table[cluster_at(piece.offset + at)] = 0;
    }
    write_table(table);
    write_count(table);
    disk_.flush();
    return pieces_;
  }

 private:
  uint64_t cluster_bytes() const { return volume_.cluster_bytes; }
  uint64_t offset_of(uint32_t cluster) const { return volume_.data_offset + (cluster - 2) * cluster_bytes(); }
  uint32_t cluster_at(uint64_t offset) const {
    return static_cast<uint32_t>((offset - volume_.data_offset) / cluster_bytes() + 2);
  }
  bool is_free(size_t cluster) const { return volume_.table[cluster] == 0; }

  // In one piece where there is one of that size, else from wherever there are some.
  std::vector<uint32_t> free_clusters(uint64_t count) const {
    std::vector<uint32_t> any, run;
    for (size_t cluster = 2; cluster < volume_.table.size(); ++cluster) {
      if (!is_free(cluster)) {
        run.clear();
        continue;
      }
      run.push_back(static_cast<uint32_t>(cluster));
      if (run.size() == count) return run;
      if (any.size() < count) any.push_back(static_cast<uint32_t>(cluster));
    }
    if (any.size() == count) return any;
    throw Error(ErrorCode::kRefused, "image.replace.full",
                fmt::format("{} has {} free, and {} are needed beside the old {}: move old logs away from it",
                            disk_.describe(), size_text(any.size() * cluster_bytes()),
                            size_text(count * cluster_bytes()), printable(path_)));
  }

  void write_content(const std::vector<uint32_t>& clusters, Bytes content) {
    ByteVector padded(content.begin(), content.end());
    padded.resize(clusters.size() * cluster_bytes());
    for (size_t i = 0; i < clusters.size(); ++i) {
      const uint64_t offset = offset_of(clusters[i]);
      if (!pieces_.empty() && pieces_.back().offset + pieces_.back().size_bytes == offset) {
        pieces_.back().size_bytes += cluster_bytes();
      } else {
        pieces_.push_back({offset, cluster_bytes()});
      }
    }
    uint64_t done = 0;
    for (const FatEntry::Piece& piece : pieces_) {
      disk_.write(piece.offset, slice(Bytes(padded), done, piece.size_bytes));
      done += piece.size_bytes;
    }
    disk_.flush();
    done = 0;
    for (const FatEntry::Piece& piece : pieces_) {
      ByteVector back(piece.size_bytes);
      disk_.read_uncached(piece.offset, back);
      if (!equal(back, slice(Bytes(padded), done, piece.size_bytes))) {
        throw Error(
            ErrorCode::kIo, "image.replace.differs",
            fmt::format("{} gives back other bytes than were written: it is broken. It has its old {} still",
                        disk_.describe(), printable(path_)));
      }
      done += piece.size_bytes;
    }
  }

  void give_back_lost(std::vector<uint32_t>& table) const {
    for (size_t cluster = 2; cluster < table.size(); ++cluster) {
      if (table[cluster] != 0 && table[cluster] != kBad && !volume_.owned[cluster]) table[cluster] = 0;
    }
  }

  // Both tables, and of each only the sectors that change.
  void write_table(const std::vector<uint32_t>& table) {
    for (uint64_t copy = 0; copy < 2; ++copy) {
      const uint64_t start = volume_.table_offset + copy * volume_.table_bytes;
      for (uint64_t at = 0; at < volume_.table_bytes; at += kTablePieceBytes) {
        ByteVector piece = disk_.read_bytes(start + at, kTablePieceBytes);
        const ByteVector before = piece;
        for (size_t i = 0; i < kTablePieceBytes / sizeof(uint32_t); ++i) {
          const uint64_t cluster = at / sizeof(uint32_t) + i;
          if (cluster < 2 || cluster >= table.size()) continue;
          const uint32_t old = read_le<uint32_t>(piece, i * sizeof(uint32_t));
          write_le<uint32_t>(piece, i * sizeof(uint32_t), (old & kReservedBits) | table[cluster]);
        }
        if (piece != before) disk_.write(start + at, piece);
      }
    }
  }

  void write_entry(uint32_t first_cluster, uint32_t size_bytes) {
    ByteVector entry = disk_.read_bytes(entry_->records.back(), 32);
    write_le<uint16_t>(entry, 20, static_cast<uint16_t>(first_cluster >> 16));
    write_le<uint16_t>(entry, 26, static_cast<uint16_t>(first_cluster));
    write_le<uint32_t>(entry, 28, size_bytes);
    disk_.write(entry_->records.back(), entry);
  }

  void write_count(const std::vector<uint32_t>& table) {
    ByteVector sector = disk_.read_bytes(volume_.info_offset, 512);
    write_le<uint32_t>(sector, kFreeCountAt,
                       static_cast<uint32_t>(std::count(table.begin() + 2, table.end(), uint32_t{0})));
    write_le<uint32_t>(sector, kHintAt, UINT32_MAX);
    disk_.write(volume_.info_offset, sector);
  }

  block::BlockDevice& disk_;
  const FatContent volume_;
  const std::string& path_;
  const FatEntry* entry_ = nullptr;
  std::vector<FatEntry::Piece> pieces_;
};

}  // namespace

std::vector<FatEntry::Piece> replace_file(block::BlockDevice& disk, FatContent volume,
                                          const std::string& path, Bytes content) {
  if (content.empty())
    throw Error(ErrorCode::kUsage, "image.replace.empty",
                "an empty file is not put in the place of another one");
  return Replacer(disk, std::move(volume), path).run(content);
}

}  // namespace mend::image
