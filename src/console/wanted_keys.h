// SPDX-License-Identifier: GPL-3.0-or-later
// "wanted-keys.csv" on the stick: which recovery keys were missing, for `mendstick keys import --only`, so
// that the next visit has them. Holds IDs and what the volumes say of themselves in the clear, never a key.
//
// Invariants
//   WK-1  A protector ID is in it once, with the day on which it was wanted first.
//   WK-2  The file is replaced as a whole: a power cut leaves the old one or the new one.
#pragma once

#include <string>

#include "base/clock.h"
#include "repair/report.h"

namespace mend::console {

// Adds the recovery passwords of the report's locked volumes; how many were new. `serial`: the machine's.
// kIo "console.wanted.…" when the stick does not take it.
size_t note_wanted_keys(const std::string& path, const repair::Report& report, const std::string& serial,
                        Time now);

}  // namespace mend::console
