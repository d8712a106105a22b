// SPDX-License-Identifier: GPL-3.0-or-later
// The third and fourth phase: the plan carried out in the overlay, and what came of it judged by readers that
// did not write it. The disk is not touched; what throws here leaves nothing behind but an overlay to drop.
//
// Invariants
//   AP-1  Stages end in the order in which a commit writes them: hibernation header, dirty flag, edits, flag
//   restored. AP-2  What verify() lets pass has every changed byte explained by the plan, inside the volume,
//   and no new blemish.
#pragma once

#include <optional>

#include "ntfs/change_journal.h"
#include "ntfs/touched.h"
#include "ntfs/verify.h"
#include "repair/plan.h"

namespace mend::repair {

// Carries the plan out in `after`, and appends what it changes to the volume's change journal where there is
// one. Returns the edits as they were made, for verify().
std::vector<ntfs::PlannedEdit> apply(Volume& volume, const Plan& plan, const Stack& after,
                                     const Request& request,
                                     const std::optional<ntfs::ChangeJournal>& journal, Operator& person);

// Throws kRefused where a change is not explained or a blemish is new; notes old blemishes in the report.
void verify(Volume& volume, const Stack& after, const std::vector<ntfs::PlannedEdit>& edits, CheckDepth depth,
            Operator& person);

}  // namespace mend::repair
