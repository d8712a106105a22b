// SPDX-License-Identifier: GPL-3.0-or-later
// Gives a file of a FAT32 volume other content, on a stick that may be pulled at any moment. Used by
// `mendstick keys put`.
//
// Invariants
//   FP-1  The new content goes into free clusters, is flushed, then its chain of clusters, then, in one
//   sector,
//         the file's entry, then the old clusters are given back: at any moment the file is the old one or
//         the new one, whole.
//   FP-2  A cut between these steps leaves clusters that belong to nobody, or two tables that differ in
//   those;
//         the next replacement sets both right.
//   FP-3  A volume that is damaged in any other way is not written to.
#pragma once

#include <string>

#include "block/block_device.h"
#include "image/fat_reader.h"

namespace mend::image {

// `volume`: as read_fat32() has it now. Returns where the content lies now. kNotFound
// "image.replace.missing", kRefused "image.replace.damaged", "image.replace.full", kUsage
// "image.replace.empty"; kIo, also when what was written is not read back.
std::vector<FatEntry::Piece> replace_file(block::BlockDevice& disk, FatContent volume,
                                          const std::string& path, Bytes content);

}  // namespace mend::image
