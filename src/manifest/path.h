// SPDX-License-Identifier: GPL-3.0-or-later
// The syntax of a rule's path and of a new name: text → components, or what is wrong with it. Used by
// parse.cc. Knows nothing of TOML nor of what is on a volume.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mend::manifest {

inline constexpr size_t kMaximumNameUnits = 255;  // of UTF-16: NTFS's own limit
inline constexpr size_t kMaximumComponents = 64;

struct Fault {
  const char* id;  // for Error
  std::string text;
};

struct PathResult {
  std::vector<std::u16string> components;  // empty when there is a fault
  std::optional<Fault> fault;
};

// `\` and `/` both separate. Wildcards `*` and `?` within a component.
PathResult parse_path(std::string_view text);

// A name for a file that Windows can open: no separator, no wildcard, no name of a device.
struct NameResult {
  std::u16string name;
  std::optional<Fault> fault;
};
NameResult parse_new_name(std::string_view text);

bool has_wildcard(std::u16string_view component);
// Equal but for the case of letters, as far as the protected list folds it.
bool same_name(std::u16string_view a, std::u16string_view b);

}  // namespace mend::manifest
