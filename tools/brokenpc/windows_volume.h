// SPDX-License-Identifier: GPL-3.0-or-later
// The NTFS volumes of the image, from mkntfs to the closed log.
#pragma once

#include "tools/brokenpc/fve_volume.h"
#include "tools/brokenpc/machine.h"

namespace mend::brokenpc {

struct VolumeRequest {
  const Options& options;
  const Machine& machine;
  uint64_t seed;
  const Partition& partition;
  const TemporaryDirectory& scratch;
};

// Makes the Windows volume, in plain. With `options.encrypt` the files whose clusters BitLocker takes are
// made too, and `layout` says where they lie.
PlainVolume make_windows_volume(ImageFile& image, const VolumeRequest& request, FveLayout& layout,
                                std::vector<MadeFile>& files, std::optional<Made::Stopped>& stopped);
// Recovery, or the active partition of an MBR disk.
void make_small_volume(ImageFile& image, const VolumeRequest& request, const std::string& label);

}  // namespace mend::brokenpc
