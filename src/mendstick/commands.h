// SPDX-License-Identifier: GPL-3.0-or-later
// What each command of `mendstick` does with its options: thin, the work is in image/, manifest/ and audit/.
// Results go to stdout, the rest to the terminal.
#pragma once

#include "mendstick/options.h"
#include "mendstick/terminal.h"

namespace mend::mendstick {

// The exit status: 0, or 1 when something that was named on the way failed. Throws Error for what ends the
// command.
int run(const Options& options, Terminal& terminal);

}  // namespace mend::mendstick
