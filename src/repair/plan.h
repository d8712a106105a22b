// SPDX-License-Identifier: GPL-3.0-or-later
// The second phase: what the manifests' rules mean for one volume. Reads only, with our own readers; the
// result names each file by its MFT record, so that nothing is looked up again by path.
//
// Invariants
//   P-1  A rule with more matches than max_matches, a protected file, a target that exists, or a condition
//   that cannot be
//        decided (WOF or EFS content, an unknown build) refuses the whole volume: nothing on it is changed.
//   P-2  A rule that does nothing says why.
//   P-3  One name of one file is acted on once.
#pragma once

#include <vector>

#include "manifest/manifest.h"
#include "repair/look.h"

namespace mend::repair {

struct PlannedAction {
  manifest::Action action = manifest::Action::kQuarantine;
  ntfs::DirectoryEntry entry;     // the name that goes
  ntfs::MftReference new_parent;  // rename; a quarantine folder is made when the plan is applied
  std::u16string new_name;        // rename, quarantine
};

struct Plan {
  std::vector<PlannedAction> actions;  // parallel to the volume report's actions
  std::u16string quarantine_folder;    // the run id; empty when nothing is quarantined
};

inline constexpr std::u16string_view kQuarantineRoot = u"Mendstick.quarantine";

// Fills the report's actions and idle rules. kRefused (P-1), kCorrupt, kIo.
Plan make_plan(Volume& volume, const std::vector<manifest::Manifest>& manifests, const std::string& run_id,
               Operator& person);

}  // namespace mend::repair
