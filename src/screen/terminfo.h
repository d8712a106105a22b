// SPDX-License-Identifier: GPL-3.0-or-later
// The descriptions of the terminals that a stick meets, built in since it has no files for them. Generated
// from the build machine's own by terminfo.cmake.
#pragma once

#include <array>

namespace mend::screen {

struct BuiltInTerminal {
  const char* name;
  const char* description;  // compiled, in the form in which ncurses takes it from the environment
};
extern const std::array<BuiltInTerminal, 2> kBuiltInTerminals;  // linux, vt220

}  // namespace mend::screen
