// SPDX-License-Identifier: GPL-3.0-or-later
// What a volume is, by its boot sector. Strict, small and ours, because repair depends on it; libblkid
// (signatures.h) only names what this does not know.
#pragma once

#include "disk/disk.h"

namespace mend::disk {

// By the first bytes of a volume (512 at least, else kUnknown). kEmpty: all of them are zero.
Content classify(Bytes start);

// The boot sector of NTFS, as it stands in the first sector and, as a copy, in the last.
bool is_ntfs_boot_sector(Bytes sector);

// Bytes of a sector as a boot sector that `classify` knows records them; 0 where it does not.
uint32_t sector_bytes_of_boot_sector(Bytes start);

}  // namespace mend::disk
