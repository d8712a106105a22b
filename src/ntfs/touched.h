// SPDX-License-Identifier: GPL-3.0-or-later
// Health of what a plan touches, before and after: records, both names of each file, the path in the
// directories' indexes, $MFT's bitmap, $MFTMirr, clusters in $Bitmap, $Reparse and $ObjId entries. Used by
// repair/ on every run; the full check (check.h) covers the rest when it is asked for.
//
// Invariants
//   NT-1  Blemishes that were there before are reported, never a reason to stop; only new_findings() is.
//   NT-2  Reads what belongs to the touched files, and the path to each; nothing else.
#pragma once

#include <span>
#include <vector>

#include "ntfs/check.h"
#include "ntfs/verify.h"

namespace mend::ntfs {

struct TouchedSet {
  struct Name {
    MftReference parent;
    std::u16string name;
    auto operator<=>(const Name&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
  };
  std::vector<MftReference> files;  // and directories
  std::vector<Name> names;          // every name these files have or get
};

// Files, directories and names that the edits are about. `before`: the volume before the edits.
TouchedSet touched_by(Volume& before, std::span<const PlannedEdit> edits);

// Files of the set that exist are checked as living ones, the others as gone: no bit, no entry may be left of
// them. Throws kIo; damage is a finding.
std::vector<Finding> check_touched(Volume& volume, const TouchedSet& set);

// What `after` has and `before` had not.
std::vector<Finding> new_findings(const std::vector<Finding>& before, const std::vector<Finding>& after);

}  // namespace mend::ntfs
