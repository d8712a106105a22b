// SPDX-License-Identifier: GPL-3.0-or-later
// A BitLocker volume on its way to its keys: first with what is at hand, then with what the person has. Used
// by look() only.
#pragma once

#include "repair/look.h"

namespace mend::repair {

// Reads the volume's metadata into its report. kUnsupported; what bitlocker::Metadata::read throws.
void read_metadata(Volume& volume);
// Tries the credentials. kWrongKey "repair.look.locked" when none fits; what bitlocker::unlock throws.
// REQUIRES: read_metadata().
void unlock(Volume& volume, const bitlocker::Credentials& credentials, Operator& person);
// Asks the person until an answer opens the volume. False: skipped, the volume stays as it is.
// REQUIRES: read_metadata().
bool unlock_by_person(Volume& volume, Operator& person);

}  // namespace mend::repair
