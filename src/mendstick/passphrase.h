// SPDX-License-Identifier: GPL-3.0-or-later
// Asks for a passphrase: at a terminal without showing it, else one line of standard input.
#pragma once

#include <string>

#include "base/secret.h"

namespace mend::mendstick {

// Without the line's end. kUsage "mendstick.passphrase" when there is none, or it is longer than 1000 bytes.
Secret ask_passphrase(const std::string& what);
// Asks twice at a terminal. kUsage also when the two differ.
Secret ask_new_passphrase(const std::string& what);

}  // namespace mend::mendstick
