// SPDX-License-Identifier: GPL-3.0-or-later
// Part of the fence around libsodium. Used inside crypto/ only.
#pragma once

namespace mend::crypto {

// Picks the code for this processor. Cheap when done before; safe on any thread. kIo "crypto.sodium.start".
void start_library();

}  // namespace mend::crypto
