// SPDX-License-Identifier: GPL-3.0-or-later
// The EFI system partition: FAT made by mkfs.fat, filled through mtools.
#pragma once

#include "tools/brokenpc/image_file.h"
#include "tools/brokenpc/machine.h"

namespace mend::brokenpc {

void make_esp(const ImageFile& image, const Partition& partition, uint32_t sector_bytes,
              const Machine& machine, uint64_t seed, const TemporaryDirectory& scratch);

}  // namespace mend::brokenpc
