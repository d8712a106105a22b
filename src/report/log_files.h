// SPDX-License-Identifier: GPL-3.0-or-later
// All the logs of a recovery, from the files and folders that were named: each looked at, verified and read,
// and what is wrong with any of them named. Used by `mendstick report` and `mendstick audit verify`. Writes
// nothing.
//
// Invariants
//   LF-1  A file is never in the way of the others: what cannot be used is named, left out and counted.
//   LF-2  Memory is bounded by the logs that are used: no file above kMaximumLogBytes is read.
//   LF-3  Two logs that claim one run and contradict each other are both left out: which one is true cannot
//         be told from here.
#pragma once

#include <string>
#include <vector>

#include "report/run.h"

namespace mend::report {

inline constexpr uint64_t kMaximumLogBytes = uint64_t{64} << 20;

// Something that is wrong with a log.
struct Finding {
  enum class Kind { kCutShort, kChanged, kForeign, kTooLarge, kUnreadable, kSealed, kSameRun };
  Kind kind = Kind::kForeign;
  std::string log;  // the file's path as it was named
  size_t line = 0;  // from 1, with kChanged
  std::string why;  // one sentence
  bool left_out = true;
};
std::string_view to_string(Finding::Kind kind);

struct Logs {
  std::vector<Run> runs;  // of whole logs and good beginnings, in order of path; each run once
  std::vector<Finding> findings;
  size_t files = 0;       // that were looked at
  size_t whole = 0;       // of them, duplicates too
  size_t duplicates = 0;  // copies of a log whose run is in `runs`
};

// The files that are logs by their names (*.jsonl and sealed ones), below the folders that are named, and the
// files that are named whatever they are called: in the order of the names, those of a folder sorted.
// kNotFound "report.logs.missing" for what is not there.
std::vector<std::string> find_logs(const std::vector<std::string>& paths);

// Reads them on all processors.
Logs read_logs(const std::vector<std::string>& files);

// What is wrong with the file before a line of it is read; nothing: it may be a log.
std::optional<Finding> look_at_file(const std::string& path);

}  // namespace mend::report
