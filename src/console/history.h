// SPDX-License-Identifier: GPL-3.0-or-later
// What the stick did earlier: a second boot of a repaired machine finds nothing to do, and the technician
// wants to know that this is because of the first. Reads logs, changes nothing.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "repair/report.h"

namespace mend::console {

struct EarlierFix {
  Time when{};
  std::string log;  // its path; empty: a mark beside a sealed one says so
};

// The latest run logged in `directory` that fixed, by one of the manifests of `report`, a volume that is one
// of its volumes. A volume is known by its partition's GUID, or by its disk's serial number and its place
// there; a log whose chain is broken does not count. Where power was cut before the log told the commit's
// end, its journal does. An unreadable log is passed over.
std::optional<EarlierFix> earlier_fix(const std::string& directory, const repair::Report& report);

}  // namespace mend::console
