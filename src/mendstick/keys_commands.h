// SPDX-License-Identifier: GPL-3.0-or-later
// What the commands of `mendstick keys` do: thin, the work is in keys/. Never prints a key but into the file
// that was asked for.
#pragma once

#include "mendstick/options.h"
#include "mendstick/terminal.h"

namespace mend::mendstick {

// The exit status: 0, or 1 when a line of a file, or a host of a list, gave no key.
int run_keys_import(const KeysOptions& options, Terminal& terminal);
int run_keys_check(const KeysOptions& options, Terminal& terminal);
// 1 when something is wrong with a log.
int run_keys_rotate(const KeysOptions& options, Terminal& terminal);
// 1 when a host has no key.
int run_keys_sheet(const KeysOptions& options, Terminal& terminal);

}  // namespace mend::mendstick
