// SPDX-License-Identifier: GPL-3.0-or-later
// What the kernel's command line asks for. It stands in a file on the stick that nothing verifies, so it may
// choose how the run is shown, never what is done: mode, console, debug and which stick are all that is taken
// from it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "profile/profile.h"

namespace mend::init {

struct CommandLine {
  std::string image_id;               // 32 lower-case hexadecimal digits; empty: not given, or wrong
  std::optional<profile::Mode> mode;  // nothing: the profile's
  bool debug = false;
  bool plain = false;               // lines of text instead of full screens
  std::vector<std::string> faults;  // what was not understood, for the screen
};

// Never fails. Of two equal keys the last one counts.
CommandLine parse_command_line(std::string_view text);

}  // namespace mend::init
