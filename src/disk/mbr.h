// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a master boot record and its chain of logical partitions. FORMAT.md has the layout.
//
// Invariants
//   M-1  The chain of logical partitions ends: at most 128 links, none visited twice, all inside the extended
//        partition.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "disk/disk.h"
#include "disk/edge_reader.h"

namespace mend::disk {

inline constexpr uint8_t kMbrProtective = 0xee;
inline constexpr uint8_t kMbrLdm = 0x42;
inline constexpr uint8_t kMbrLinuxRaid = 0xfd;

struct MbrEntry {
  uint8_t status = 0;  // 0x80 active, 0 not; anything else is no MBR
  uint8_t type = 0;    // 0: unused
  uint32_t first = 0;  // sectors
  uint32_t count = 0;
  bool used() const { return type != 0 && count != 0; }
};

struct Mbr {
  uint32_t disk_signature = 0;
  std::array<MbrEntry, 4> entries;
  bool has_protective() const;
  bool has_others() const;  // used entries that are not protective
};

// Sector 0 as an MBR; nullopt when it is none (no 55 AA, or a status byte that no MBR has).
std::optional<Mbr> parse_mbr(Bytes sector);

// All partitions, primary ones as 1 to 4, logical ones from 5. kCorrupt: K-1, M-1. Reads one sector for each
// logical partition.
std::vector<Partition> read_mbr_partitions(EdgeReader& disk, const Mbr& mbr, uint32_t sector_bytes);

}  // namespace mend::disk
