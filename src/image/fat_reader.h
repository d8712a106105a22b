// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a FAT32 volume back: every name with where its bytes lie, and everything that is wrong with the
// volume. Shares no code with the writer, so that each can judge the other. Used by `mendstick verify` and
// `mendstick collect`, on images and on sticks that came back from the field: nothing that is read is
// trusted.
//
// Invariants
//   FR-1  Whatever the volume holds, it ends: each cluster is followed once, each folder read once, and
//         memory stays in proportion to the volume.
//   FR-2  A fault costs what it damages; the rest is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "block/block_device.h"

namespace mend::image {

struct FatEntry {
  struct Piece {
    uint64_t offset = 0;  // on the disk
    uint64_t size_bytes = 0;
  };
  std::string path;  // from the root; the root's is empty
  bool is_folder = false;
  uint64_t size_bytes = 0;        // of a file
  std::vector<Piece> pieces;      // whole clusters, adjacent ones as one
  std::vector<uint64_t> records;  // where on the disk its name is: 32 bytes each, the short one last
};

struct FatContent {
  uint64_t data_offset = 0;   // on the disk
  uint64_t table_offset = 0;  // of the first allocation table, on the disk; the second follows it
  uint64_t table_bytes = 0;   // of each
  uint64_t cluster_bytes = 0;
  uint64_t info_offset = 0;         // of the sector with the count of free clusters, on the disk
  std::vector<FatEntry> entries;    // the root first
  std::vector<std::string> faults;  // a sentence each; the first 100
  uint64_t lost_clusters = 0;       // taken by nobody: one of the faults
  bool tables_differ = false;       // one of the faults; the first table was followed
  std::vector<uint32_t> table;      // by cluster, without the upper four bits; 0: free
  std::vector<bool> owned;          // by cluster: of a file or folder
};

// The volume that begins at `offset`. kCorrupt "image.reader.…" when it is no FAT32 volume at all; kIo.
FatContent read_fat32(block::BlockReader& disk, uint64_t offset);

}  // namespace mend::image
