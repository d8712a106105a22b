// SPDX-License-Identifier: GPL-3.0-or-later
// The sealed keyring in a run: asked for once, opened for the volumes that are here, and closed before
// anything looks into a file system. Used by look() only.
//
// Invariants
//   RK-1  The master secret, and what is derived from it, is gone when take_keys() returns; no NTFS volume
//   has
//         been opened by then.
//   RK-2  Only keys of the volumes that are here come out of it.
//   RK-3  A keyring that stays closed ends no run: the volumes are asked for one by one.
#pragma once

#include <vector>

#include "repair/look.h"

namespace mend::repair {

// Adds the keys that fit the locked ones of `volumes` to the request's credentials, and notes in it what came
// of the keyring. Without a keyring or a locked volume it does nothing. kUsage "repair.keyring.passphrase"
// when the request's own passphrase is wrong. REQUIRES: the volumes' metadata has been read.
void take_keys(const std::vector<Volume>& volumes, Request& request, Operator& person);

}  // namespace mend::repair
