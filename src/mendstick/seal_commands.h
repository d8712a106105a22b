// SPDX-License-Identifier: GPL-3.0-or-later
// What the commands about sealed keyrings do: thin, the work is in keys/ and image/. A passphrase that was
// generated is printed once, on standard output, and kept nowhere; a key is printed nowhere.
#pragma once

#include "mendstick/options.h"
#include "mendstick/terminal.h"

namespace mend::mendstick {

int run_keys_seal(const SealOptions& options, Terminal& terminal);
int run_keys_put(const SealOptions& options, Terminal& terminal);
int run_keys_unseal(const SealOptions& options, Terminal& terminal);
int run_keys_recipient(const SealOptions& options, Terminal& terminal);
// 1 when a log is not whole or cannot be opened; the others are opened all the same.
int run_audit_open(const SealOptions& options, Terminal& terminal);

}  // namespace mend::mendstick
