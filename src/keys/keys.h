// SPDX-License-Identifier: GPL-3.0-or-later
// Key files as they are met in the field: CSV, JSON and text exports of recovery passwords, and .BEK startup
// keys, told apart by content. `repair`, `decrypt` and `mendstick keys` read them all through here. FORMAT.md
// lists what is understood.
//
// Invariants
//   KF-1  No message holds a key or a part of one; the content, and everything cut from it, is in memory that
//         is wiped.
//   KF-2  A line that is wrong costs that line only: it is reported with file, line and reason, the others
//         count.
//   KF-3  A candidate has a protector ID only when the file says so. A GUID that may be a device's is never
//         taken for one, since a key with an ID is tried on that protector alone.
//   KF-4  Memory and time stay in proportion to the file, which has at most kMaximumFileBytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bitlocker/keys.h"

namespace mend::keys {

inline constexpr uint64_t kMaximumFileBytes = uint64_t{64} * 1024 * 1024;
inline constexpr size_t kMaximumProblems = 1000;  // kept in a report; the rest are counted

struct Problem {
  std::string file;   // empty: no file alone
  size_t line = 0;    // 0: the file as a whole
  size_t column = 0;  // 0: the line as a whole
  std::string why;

  // "file:line:column: why", with what there is.
  std::string text() const;
};

struct ImportReport {
  size_t keys = 0;        // added to the credentials
  size_t duplicates = 0;  // of these or of earlier ones: same protector ID and same key
  std::vector<Problem> problems;
  size_t problems_left_out = 0;

  // Counts only, beyond kMaximumProblems.
  void add(Problem problem);
};

// Adds the keys of a file, of a pipe, or of every file in a directory (not of its subdirectories; neither
// hidden files nor README*) to `into`. kUsage "keys.none" when there is no key in any of it, with the first
// problem; kUsage "base.file.size" for a file over the limit, "base.file.open" when it cannot be opened; kIo
// when reading fails. In a directory such a file is a problem among others. `into` is as before when it
// throws.
ImportReport load(const std::string& path, bitlocker::Credentials& into);

// A .BEK file that was read, under its own name.
struct StartupKeyFile {
  std::string name;
  Secret content;
};
// The same for several files and directories, of which one at least has to have a key. `startup_files` may be
// null.
ImportReport load(const std::vector<std::string>& paths, bitlocker::Credentials& into,
                  std::vector<StartupKeyFile>* startup_files);

// The same for one file's content in memory; no key at all is not an error here. `file_name` is for messages.
ImportReport parse(Bytes content, const std::string& file_name, bitlocker::Credentials& into);

}  // namespace mend::keys
