// SPDX-License-Identifier: GPL-3.0-or-later
// The boot sector: the sizes that everything else is measured in. Used by Volume and by disk
// probing.
//
// Invariants
//   NB-1  A Geometry that is returned is whole: sizes are powers of two within what NTFS knows, the
//         volume is not larger than its device, $MFT and its mirror lie inside it. Nothing later
//         divides or shifts by a value that was not checked here.
//   NB-2  The copy at the volume's end is used only when the first one is damaged, and the Geometry
//         says so.
#pragma once

#include <optional>

#include "block/block_device.h"

namespace mend::ntfs {

struct Geometry {
  uint32_t sector_bytes = 0;       // 256 to 4096
  uint32_t cluster_bytes = 0;      // sector_bytes to 2 MiB
  uint32_t record_bytes = 0;       // MFT record, 512 to 64 KiB: 1024 or 4096 as a rule
  uint32_t index_block_bytes = 0;  // of directories, 512 to 64 KiB: 4096 as a rule
  uint64_t total_sectors = 0;      // without the backup boot sector
  uint64_t cluster_count = 0;
  uint64_t mft_lcn = 0;
  uint64_t mirror_lcn = 0;
  uint64_t serial = 0;
  bool from_backup = false;

  uint64_t volume_bytes() const { return cluster_count * cluster_bytes; }
};

// True when the sector carries the NTFS signature; says nothing about the rest of it.
bool has_ntfs_signature(Bytes sector);
// One boot sector. `device_bytes`: what the volume may be at most. kCorrupt, naming the field.
Geometry parse_boot_sector(Bytes sector, uint64_t device_bytes);
// The first sector, or the copy in the last sector of the device. kCorrupt when neither will do.
Geometry read_geometry(block::BlockReader& volume);

}  // namespace mend::ntfs
