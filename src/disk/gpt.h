// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a GUID partition table (UEFI 2.10, chapter 5). FORMAT.md has the layout and the order of the checks.
//
// Invariants
//   K-1  See disk.h: checksums first, then bounds; the entries' array is read only after its size is known to
//   be
//        sane.
#pragma once

#include <optional>
#include <vector>

#include "disk/disk.h"
#include "disk/edge_reader.h"

namespace mend::disk {

struct GptTable {
  Guid disk_guid;
  std::vector<Partition> partitions;
  bool backup_used = false;
};

// A GPT signature stands at this sector.
bool gpt_signature_at(EdgeReader& disk, uint64_t lba, uint32_t sector_bytes);

// The primary copy is whole: header and entries agree with their checksums.
bool gpt_primary_is_whole(EdgeReader& disk, uint32_t sector_bytes);

// The table, from its backup in the last sector where the primary is damaged. `expected`: the protective MBR
// says that there is one. nullopt: not expected, and neither copy is whole. kCorrupt: expected and neither
// copy is whole, or the whole copy describes what this disk cannot hold.
std::optional<GptTable> read_gpt(EdgeReader& disk, uint32_t sector_bytes, bool expected);

// kCorrupt, naming both, when two partitions share a byte.
void refuse_overlaps(const std::vector<Partition>& partitions, const std::string& disk);

}  // namespace mend::disk
