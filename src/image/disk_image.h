// SPDX-License-Identifier: GPL-3.0-or-later
// A whole disk with one FAT32 partition that UEFI and BIOS start from: an MBR with GRUB's boot code, GRUB's
// core behind it, the volume from 1 MiB on. Laid out in memory, then written as a sparse file.
//
// Invariants
//   DI-1  The same input gives the same bytes, wherever they are written.
//   DI-2  The size is a multiple of 1 MiB, and the partition ends with it.
//   DI-3  A block that no extent names reads as zeros in the image file, and whatever stands there on a stick
//         means nothing.
#pragma once

#include <cstdint>
#include <string>

#include "image/base.h"
#include "image/fat32.h"
#include "image/output_file.h"

namespace mend::image {

inline constexpr uint64_t kDefaultImageBytes = 256 * kMiB;
inline constexpr uint64_t kSmallestImageBytes = 64 * kMiB;
inline constexpr uint64_t kLargestImageBytes = uint64_t{512} * 1024 * kMiB;
inline constexpr uint64_t kRoomForLogsBytes = 128 * kMiB;  // at least, when no size is given

struct DiskImage {
  uint64_t size_bytes = 0;
  FatVolume volume;
  Extents extents;  // of the whole disk, ascending (CT-1)

  // What is written into a file that has a hole for each row of zeros.
  uint64_t bytes_to_write() const;
};

// The size of an image for this volume, when nobody gives one: the default, or what is needed.
uint64_t default_image_bytes(const FatRequest& volume);

// `volume` needs neither offset nor size. `signature`: of the disk, in the MBR; never 0. kUsage
// "image.disk.size" when the size is none that is made here; kRefused as lay_out_fat32().
DiskImage lay_out_disk(const Base& base, FatRequest volume, uint64_t size_bytes, uint32_t signature);

// Writes the image into a file that has no final name yet.
OutputFile write_disk(const DiskImage& disk, const std::string& path);

}  // namespace mend::image
