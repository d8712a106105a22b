// SPDX-License-Identifier: GPL-3.0-or-later
// Which volumes a stick has fixed, beside a sealed log that nobody on site can read: a mark for each, which
// only the machine itself can ask for. So a second start says "fixed earlier", and who finds the stick learns
// of no machine. Written by the Recorder, read by the console.
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

// When a run before fixed one of the report's volumes by one of its manifests, as far as marks tell.
std::optional<Time> fixed_before(const std::string& directory, const Report& report);

}  // namespace mend::repair
