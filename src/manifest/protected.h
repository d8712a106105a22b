// SPDX-License-Identifier: GPL-3.0-or-later
// What must not be touched: files Windows does not start without, and what NTFS and BitLocker keep for
// themselves. The manifest's parser asks about patterns, the plan about each file it found. The list is in
// protected_list.cc.
//
// Invariants
//   PR-1  protection_of(path) finds every path that matches an entry of the list, whatever the case of its
//         letters.
//   PR-2  could_match(pattern) finds every pattern that matches a path which protection_of() finds, with one
//         exception: below a directory protected as a whole (`$Extend`, `Boot`, …) only when the pattern
//         names that directory. A wildcard there, as in `*\System32\…`, is left to protection_of().
// Case is folded as ASCII, with the few other letters that some upcase table maps to ASCII.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/manifest.h"

namespace mend::manifest {

using Path = std::span<const std::u16string>;  // components from the volume's root down

enum class Protection {
  kNone,
  kStartup,  // Windows does not start without it, or keeps its state there: only with allow_protected
  kNever,    // NTFS's own files, BitLocker's metadata: not at all
};
struct Protected {
  Protection level = Protection::kNone;
  std::string entry;  // of the list, such as `*\System32\drivers\ntfs.sys`; empty for kNone
};

// For a file or directory that was found. Ask for each name it has: with long names, and with 8.3 names.
Protected protection_of(Path path);
// For a pattern: the highest protection of anything that it could match.
Protected could_match(Path pattern);

inline bool is_protected(Path path) {
  return protection_of(path).level != Protection::kNone;
}
// Where a rename puts what the path matches: its components with the last one exchanged.
std::vector<std::u16string> rename_target(const Rule& rule);
// The rule's path, and its target when it renames.
bool may_match_protected(const Rule& rule);

// Why `rule` must leave this path alone, if it must: protected without allow_protected, or never to be
// touched.
std::optional<std::string> why_refused(const Rule& rule, Path path);

}  // namespace mend::manifest
