// SPDX-License-Identifier: GPL-3.0-or-later
// What the logs that are in a folder already tell a new run: which run was the last one there, and up to when
// it is known to have been later than. PCs have wrong clocks and a stick has none: the order of a stick's
// runs is known by each naming the one before it. Reads the first and the last line of each log, changes
// nothing; a log that cannot be read is passed over.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace mend::audit {

struct Earlier {
  std::string previous_run;    // the run that no other one names as the one before it; empty: none
  std::optional<Time> newest;  // the latest time in them, by the clocks of the PCs they come from
  std::string newest_log;      // the file that has it
};

// A folder that is not there has none.
Earlier look_at_earlier(const std::string& directory);

}  // namespace mend::audit
