// SPDX-License-Identifier: GPL-3.0-or-later
// Paths on a volume: from the root down, case-insensitive by the volume's own table, with `*` and
// `?` within one component. The plan's eyes.
//
// Invariants
//   NP-1  A reparse point on the way (junction, symbolic link, mount point, cloud folder) is never
//         followed and never taken for a folder of this volume: a component without wildcards
//         refuses it, a wildcard passes it over and says so.
//   NP-2  A name that is found is the index's own: what it says exists under exactly that name.
#pragma once

#include <span>
#include <string_view>

#include "ntfs/volume.h"

namespace mend::ntfs {

// "Windows\System32" or with `/`, split; empty components left out. kUsage "ntfs.path.utf8".
std::vector<std::u16string> split_path(std::string_view path);
std::string join_path(std::span<const std::u16string> components);  // with `\`

struct Resolution {
  std::optional<DirectoryEntry> entry;  // of the last component; the root itself for an empty path
  // Without an entry: index of the component that is absent, or that is no folder though more components
  // follow.
  size_t absent_component = 0;
  bool not_a_directory = false;
  std::string path;  // as the volume spells it, up to where it was found
  bool found() const { return entry.has_value(); }
};
// kRefused "ntfs.path.reparse"; kCorrupt. DOS names are taken as well and stay as they are.
Resolution resolve(Volume& volume, std::string_view path);
Resolution resolve(Volume& volume, std::span<const std::u16string> components);

struct GlobMatch {
  DirectoryEntry entry;  // the long name: a DOS name that a literal component gave is led back to it
  std::string path;      // as the volume spells it
};
struct GlobResult {
  std::vector<GlobMatch> matches;  // in the order of the indexes
  bool limit_reached = false;      // more would match; matches holds `limit` of them
  // Without a match: the deepest component that was reached and matched nothing, and the folder it was looked
  // for in (one of them, where several were).
  size_t absent_component = 0;
  std::string searched_in;
  // Reparse points that a wildcard met where a folder was wanted (such as `Users\All Users`): not followed.
  // At most kMaximumPassedOver are named.
  static constexpr size_t kMaximumPassedOver = 100;
  std::vector<std::string> passed_over;
};
// Wildcards see long names only: the DOS name of a file is met only by a component without wildcards. Stops
// at `limit` matches. kRefused "ntfs.path.reparse" when a component without wildcards, which others follow,
// is a reparse point; kCorrupt.
GlobResult glob(Volume& volume, std::span<const std::u16string> components, size_t limit);

}  // namespace mend::ntfs
