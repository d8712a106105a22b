// SPDX-License-Identifier: GPL-3.0-or-later
// Which volumes a stick has fixed, where the log does not say: so a second start says "fixed earlier".
// Written by the Recorder, read by the console.
//
// Beside a sealed log, which nobody on site can read, there is a mark for each volume, which only the machine
// itself can ask for: who finds the stick learns of no machine. And where power was cut between the end of
// the commit and that of the log, or before the marks, the journal is closed: the repair is whole.
//
// `STEM.fixed`: a line `mendstick fixed 1 <salt>`, then a line `<time> <mark>` for each volume and manifest.
// The mark is BLAKE2b-256 of salt ‖ volume ‖ 00 ‖ manifest's id; a volume is known by its partition's GUID,
// 122 bits of chance, or, on a disk without such, by the disk's serial number and its place there.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "repair/report.h"

namespace mend::repair {

// Writes the marks of the report's fixed volumes; no file when there is none. kIo.
void note_fixed(const std::string& directory, const std::string& stem, const Report& report);

// When the journal was made, if it is closed and its volume is one of the report's. One that cannot be read
// tells nothing. By which manifest it was made, it does not say.
std::optional<Time> committed_by(const std::string& journal, const Report& report);

// When a run whose log is sealed fixed one of the report's volumes: by its marks and one of the report's
// manifests, or, when it has left no marks, by its closed journal.
std::optional<Time> fixed_before(const std::string& directory, const Report& report);

}  // namespace mend::repair
