// SPDX-License-Identifier: GPL-3.0-or-later
// The part of the command line that is about sealed keyrings. Used by options.cc only.
#pragma once

#include "mendstick/keys_options.h"

namespace mend::mendstick {

// Adds to the groups `keys`, which add_keys_options() has made, and `audit`. REQUIRES: `options` outlives
// `app`.
void add_seal_options(CLI::App& app, SealOptions& options, const AddCommand& add_command);

}  // namespace mend::mendstick
