// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of `mend` as typed values. Everything that is wrong with it is kUsage, with what to type
// instead.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "console/session.h"
#include "repair/request.h"

namespace mend {

enum class Command { kHelp, kVersion, kScan, kRepair, kResume, kUndo, kDecrypt, kCheck, kReplay, kConsole };

// What `mend console` is told by init; the rest is on the stick.
struct StickOptions {
  std::string directory;  // where the stick is mounted
  std::string device;     // its block device
  console::ScreenOptions screens;
  std::optional<profile::Mode> mode;
  bool debug = false;
  std::vector<std::string> disks;        // instead of all that are built in, for rehearsals
  std::vector<std::string> key_folders;  // instead of other sticks, for rehearsals
};

struct Options {
  Command command = Command::kHelp;
  repair::Request request;
  bool json = false;
  std::string journal;                 // undo
  std::string output;                  // decrypt
  std::optional<uint32_t> partition;   // decrypt
  std::vector<std::string> key_notes;  // what was wrong in the key files, never a key
  StickOptions stick;                  // console
};

// Reads key files, the profile, and standard input where an option is "-". Of `console` only argv is read.
Options parse_options(int argc, char** argv);
// Reads the profile of the stick; manifests and keys are left to the session's load(). Both: kUsage with all
// that is wrong in a file; kRefused for what is not signed as it has to be (PF-4).
console::Session stick_session(const StickOptions& stick);
std::string help_text();

}  // namespace mend
