// SPDX-License-Identifier: GPL-3.0-or-later
// Whether this machine is one of the customer's, by the names that its Windows installations give it: a stick
// that was carried to somebody else's PC is noticed.
//
// Invariants
//   R-4  With patterns of hosts, a Windows volume whose host fits none of them, or cannot be read, is changed
//        only when the person was shown that and said yes; so is a data volume of such a machine, and of one
//        that shows no Windows. Where nobody is asked, such a volume is refused.
#pragma once

#include "repair/phases.h"

namespace mend::repair {

// Writes into the reports of such volumes what is strange about them (VolumeReport::caution). No patterns:
// any machine will do.
void caution_about_hosts(std::vector<Work>& work, const std::vector<std::string>& patterns, Operator& person);

}  // namespace mend::repair
