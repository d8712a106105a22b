// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a piece of work in a child process and takes a few texts back. For parsers that hostile bytes can
// crash.
//
// Invariants
//   W-3  Whatever the child does (crash, hang, take memory, write nonsense), the caller gets texts of bounded
//   size
//        or a reason, within a bounded time. The child holds no descriptor but the pipe and the one it is
//        given: not the disk, not the log. It leaves no core dump.
// REQUIRES: a program of one thread (fork). Needs no file system.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace mend::windows {

using Facts = std::map<std::string, std::string>;

struct Isolated {
  bool done = false;
  Facts facts;      // when done
  std::string why;  // when not: "it crashed its reader (signal 11)"
};

inline constexpr unsigned kPatienceSeconds = 120;  // a hive of 1 GiB takes an old PC some ten

// `keep_descriptor` stays open in the child; `work` may throw Error, whose message becomes `why`. kIo when
// there can be no child.
Isolated run_isolated(int keep_descriptor, const std::function<Facts()>& work,
                      unsigned patience_seconds = kPatienceSeconds);

}  // namespace mend::windows
