// SPDX-License-Identifier: GPL-3.0-or-later
// A manifest: what to do to which files, read from TOML into typed rules. `repair` plans by it; `mendstick
// manifest check` only reads it. FORMAT.md describes the text. Nothing here looks at a disk.
//
// Invariants
//   MF-1  Whatever the text, parse() gives a Manifest in which every field keeps its limits, or an Error; a
//         key or a table that is not known is an error, never skipped.
//   MF-2  Every error names file, line and column, as "file:line:column: what". All that are found are
//         listed (up to 50), one a line; the Error's id is that of the first.
//   MF-3  A rule whose path, or whose rename target, could name something Windows does not start without is
//         an error unless the rule says so (`allow_protected`); what NTFS and BitLocker keep for themselves
//         is never allowed. See protected.h.
// Values; copyable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/sha256.h"

namespace mend::manifest {

inline constexpr size_t kMaximumBytes = 1024 * 1024;
inline constexpr size_t kMaximumRules = 1000;
inline constexpr uint32_t kDefaultMaximumMatches = 20;

enum class Action { kDelete, kRename, kQuarantine };
// "delete", "rename", "quarantine".
std::string_view to_string(Action action);

// All that are given must hold. Those of one file: sizes in bytes, both ends included; a time is at or after
// `…_after` and strictly before `…_before`. Those of Windows: its build, both ends included.
struct Conditions {
  std::optional<ByteVector> header;  // the file's first bytes, 1 to 4096
  std::optional<uint64_t> size_min, size_max;
  std::optional<Time> modified_after, modified_before;
  std::optional<Time> created_after, created_before;
  std::vector<crypto::Sha256Digest> sha256;  // one of them; empty: any content
  std::optional<uint32_t> build_min, build_max;
};

struct Rule {
  std::string id;
  Action action = Action::kQuarantine;
  // From the volume's root down. Each may hold `*` and `?`; a name on the volume is compared with NTFS's own
  // upcase.
  std::vector<std::u16string> components;
  std::string path_text;  // as written
  uint32_t max_matches = kDefaultMaximumMatches;
  bool allow_protected = false;
  std::u16string new_name;  // rename only: a name in the same directory
  Conditions when;
  int line = 0;  // of [[rule]]
  int column = 0;

  // The file has to be read to decide: `header` or `sha256`.
  bool needs_content() const { return when.header.has_value() || !when.sha256.empty(); }
};

struct Manifest {
  std::string id;
  int64_t version = 0;
  std::string title;
  std::string source;    // may be empty
  std::string customer;  // whose sticks alone it is for; empty: anybody's
  int64_t build = 0;     // of the profile it was made for; 0: not given
  std::vector<Rule> rules;
  std::string file;               // as named by the caller
  crypto::Sha256Digest sha256{};  // of the text
  std::string signer;             // the id of the trusted key that signed it; set by who checked it
};

// `file_name` is for messages only. kUsage "manifest.…" (MF-2).
Manifest parse(std::string_view text, const std::string& file_name);
// The file at `path`, up to kMaximumBytes. kUsage when it is wrong, absent or too large; kIo when reading
// fails.
Manifest load(const std::string& path);

}  // namespace mend::manifest
