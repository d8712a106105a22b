// SPDX-License-Identifier: GPL-3.0-or-later
// Which names of a file belong together. Used by what removes a name and by what judges the removal, so that
// both mean the same.
#pragma once

#include <span>
#include <vector>

#include "ntfs/volume.h"

namespace mend::ntfs {

// Indexes into `links` of what goes when links[which] goes: itself first, then the name it is paired with. A
// DOS name belongs to the only Win32 name in its directory, or, as some tools leave it, to the only other
// name there. kUnsupported "ntfs.names.ambiguous" when it cannot be told whose it is.
std::vector<size_t> with_paired_name(std::span<const Link> links, size_t which);

}  // namespace mend::ntfs
