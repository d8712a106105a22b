// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of `mend` as typed values. Everything that is wrong with it is kUsage, with what to type
// instead.
#pragma once

#include <optional>
#include <string>

#include "repair/request.h"

namespace mend {

enum class Command { kHelp, kVersion, kScan, kRepair, kResume, kUndo, kDecrypt, kCheck };

struct Options {
  Command command = Command::kHelp;
  repair::Request request;
  bool json = false;
  std::string journal;                 // undo
  std::string output;                  // decrypt
  std::optional<uint32_t> partition;   // decrypt
  std::vector<std::string> key_notes;  // what was wrong in the key files, never a key
};

// Reads key files, and standard input where an option is "-".
Options parse_options(int argc, char** argv);
std::string help_text();

}  // namespace mend
