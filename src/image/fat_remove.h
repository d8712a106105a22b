// SPDX-License-Identifier: GPL-3.0-or-later
// Takes files off a FAT32 volume that is not mounted: names and chains of clusters, never anything else.
// Used by `mendstick collect --clear`. The bytes of the files stay where they were until something is written
// over them.
//
// Invariants
//   FX-1  A volume with a fault is not written: what is wrong with it could lead to another file's clusters.
//   FX-2  The names go first and are durable before a cluster is freed: cut at any moment, the volume has
//         clusters that belong to no file at the worst, never a file whose clusters are another's.
//   FX-3  Only names in the folder that the files are in, and their entries in both tables, are changed.
#pragma once

#include <string>
#include <vector>

#include "block/block_device.h"

namespace mend::image {

// `paths`: from the volume's root, as read_fat32() gives them. Reads the volume back afterwards. kRefused
// "image.remove.faults" (FX-1), "image.remove.missing" for what is no file there: nothing was written then.
// kIo; kCorrupt "image.remove.after" when the volume is not what it should be now.
void remove_files(block::BlockDevice& disk, uint64_t volume_offset, const std::vector<std::string>& paths);

}  // namespace mend::image
