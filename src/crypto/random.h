// SPDX-License-Identifier: GPL-3.0-or-later
// Random bytes fit for keys, nonces and run ids.
#pragma once

#include "base/bytes.h"

namespace mend::crypto {

// Fills `out`; kIo "crypto.random" when the system has no randomness to give.
void random_bytes(MutableBytes out);

}  // namespace mend::crypto
