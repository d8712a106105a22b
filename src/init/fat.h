// SPDX-License-Identifier: GPL-3.0-or-later
// The serial number of a FAT volume, out of its first sector. All that init must know of a file system before
// it lets the kernel mount one.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace mend::init {

inline constexpr size_t kBootSectorBytes = 512;

// Nothing when the sector is no boot sector of FAT12, FAT16 or FAT32 with a serial number.
std::optional<uint32_t> fat_serial(Bytes sector);

}  // namespace mend::init
