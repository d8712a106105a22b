// SPDX-License-Identifier: GPL-3.0-or-later
// The part of the command line that is `mendstick keys …`. Used by options.cc only.
#pragma once

#include <functional>

#include "mendstick/options.h"

namespace CLI {
class App;
}

namespace mend::mendstick {

// Makes a subcommand of `parent` that stands for `which`.
using AddCommand =
    std::function<CLI::App*(CLI::App& parent, Command which, const char* name, const char* help)>;

// REQUIRES: `options` outlives `app`.
void add_keys_options(CLI::App& app, KeysOptions& options, const AddCommand& add_command);

}  // namespace mend::mendstick
