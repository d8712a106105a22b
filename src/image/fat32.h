// SPDX-License-Identifier: GPL-3.0-or-later
// Lays out a new FAT32 volume: from a list of files to the extents of an image. Everything is decided and
// checked in memory; nothing is read (but for names and sizes) or written. The disk layout puts the extents
// into an image file.
//
// Invariants
//   FA-1  The same request gives the same extents: no clock, no random number, no order of a hash table.
//   FA-2  Every file and directory lies in one piece, begins at a multiple of kBlockBytes in the image, and
//         the data region begins at a multiple of 1 MiB, so that blocks can be shared with the files that
//         they come from.
//   FA-3  The number of clusters says FAT32, with a margin, to every driver that counts them.
//   FA-4  The extents cover the whole of what comes before the data region (zeros too), so that nothing of
//         what was on a stick before is taken for a part of the volume.
//   FA-5  What does not fit is an Error that names sizes; nothing is left out.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "image/content.h"

namespace mend::image {

struct FatFile {
  std::string path;  // from the root, "EFI/BOOT/BOOTX64.EFI"; its folders are made
  Content content;
};

struct FatFolder {
  std::string path;         // is made, if need be empty
  uint64_t room_bytes = 0;  // for entries to come, beside those that are known
};

struct FatRequest {
  uint64_t partition_offset = kMiB;  // in the image
  uint64_t size_bytes = 0;           // of the volume; a multiple of kBlockBytes
  uint32_t serial = 0;
  std::string label;  // see volume_label(); may be empty
  Time time{};        // of every file and folder
  std::vector<FatFile> files;
  std::vector<FatFolder> folders;
};

struct FatVolume {
  uint32_t cluster_bytes = 0;
  uint32_t clusters = 0;
  uint32_t free_clusters = 0;
  uint64_t data_offset = 0;  // in the image
  Extents extents;           // ascending
};

// kUsage "image.fat.name", "image.fat.same" (two names of a folder that FAT takes for one), kRefused
// "image.fat.small" (no FAT32 of this size), "image.fat.full".
FatVolume lay_out_fat32(const FatRequest& request);

// The smallest size of a volume that holds all of it with `free_bytes` left, in whole MiB.
uint64_t needed_fat32_bytes(const FatRequest& request, uint64_t free_bytes);

}  // namespace mend::image
