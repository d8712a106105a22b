// SPDX-License-Identifier: GPL-3.0-or-later
// The part of the command line that is about signatures: `mendstick trust …`, `sign`, `manifest …`. Used by
// options.cc only.
#pragma once

#include "mendstick/keys_options.h"
#include "mendstick/options.h"

namespace mend::mendstick {

// REQUIRES: `options` outlives `app`.
void add_trust_options(CLI::App& app, TrustOptions& options, const AddCommand& add_command);
// --trust, of what reads the folder of trusted keys.
void add_trust_folder(CLI::App& command, TrustOptions& options);

}  // namespace mend::mendstick
