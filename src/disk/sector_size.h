// SPDX-License-Identifier: GPL-3.0-or-later
// The sector size of an image file, which the file itself does not tell.
#pragma once

#include "disk/edge_reader.h"

namespace mend::disk {

// 512 or 4096: by where a GPT stands, else by what a boot sector records, else by where an MBR's partitions
// hold a volume; 512 when nothing tells.
uint32_t find_sector_size(EdgeReader& disk);

}  // namespace mend::disk
