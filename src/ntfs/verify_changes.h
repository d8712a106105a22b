// SPDX-License-Identifier: GPL-3.0-or-later
// The change journal before and after. A part of verification (NW-5). All throw kRefused
// "ntfs.verify.changes.*".
#pragma once

#include <map>
#include <vector>

#include "ntfs/change_journal.h"

namespace mend::ntfs {

// Where $J of the volume after it holds what it did not hold before: from its old end to the end of the
// cluster that it ends in now.
std::vector<Range> appended_ranges(Volume& before, Volume& after, MftReference journal);

// Behind the old end of $J there are records of `expected`, in that order, up to its new end, and zeros where
// a page was left and behind it; sizes and clusters are those of that. Returns the last USN of each file.
std::map<MftReference, uint64_t> check_changes(Volume& before, Volume& after, MftReference journal,
                                               const std::vector<Change>& expected);

}  // namespace mend::ntfs
