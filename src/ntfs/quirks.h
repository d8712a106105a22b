// SPDX-License-Identifier: GPL-3.0-or-later
// What a plan leaves that only Windows can bring up to date. Used by repair/, which then leaves the volume's
// dirty flag set, so that Windows checks the volume when it mounts it. The whole table of who knows of a
// file, and what an edit does about it, is QUIRKS.md.
#pragma once

#include <span>

#include "ntfs/verify.h"

namespace mend::ntfs {

// True when a file that goes away counts against its owner's quota: $Quota then counts bytes that are no
// longer there. `before`: the volume before the edits. kRefused as expect() in verify_plan.h; kCorrupt, kIo.
bool windows_must_check(Volume& before, std::span<const PlannedEdit> edits);

}  // namespace mend::ntfs
