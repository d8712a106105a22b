// SPDX-License-Identifier: GPL-3.0-or-later
// When the runs were, as far as it can be known. Sticks have no network and PCs wrong clocks, so a run's
// clock is believed only as long as nothing contradicts it:
//   - on the stick the clock chip shows local time, and the Windows on the PC tells of which zone;
//   - no run was before its image was built, or after this report is made;
//   - the runs of one stick are in an order that is known (each names the one before it): where clocks
//     contradict that order, as few as possible are taken to be wrong.
// Of a run whose clock is wrong it is said between which others it was.
//
// Invariants
//   TL-1  The order of one stick's runs is never broken, whatever the clocks say.
//   TL-2  A clock is called wrong only where it must be: two clocks may differ by kTolerance, and one of an
//         unknown zone by the width of all zones.
#pragma once

#include <string>
#include <vector>

#include "report/run.h"

namespace mend::report {

inline constexpr std::chrono::minutes kTolerance{5};

struct Order {
  std::vector<size_t> runs;               // indexes of `runs`, first to last
  std::vector<std::string> missing_runs;  // named as the one before another, and without a log
};

// Fills `when` of each run and tells the order. `made`: of the report, by the clock of the preparer's host.
Order order_runs(std::vector<Run*>& runs, Time made);

// "2026-11-26 03:20 UTC"
std::string for_people(Time time);

}  // namespace mend::report
