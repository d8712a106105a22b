// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/names.h"

#include "base/error.h"
#include "base/text.h"

namespace mend::ntfs {

std::vector<size_t> with_paired_name(std::span<const Link> links, size_t which) {
  const Link& link = links[which];
  std::vector<size_t> dos, win32, posix;
  for (size_t i = 0; i < links.size(); ++i) {
    if (links[i].parent.record != link.parent.record) continue;
    if (links[i].name_space == NameSpace::kDos) dos.push_back(i);
    if (links[i].name_space == NameSpace::kWin32) win32.push_back(i);
    if (links[i].name_space == NameSpace::kPosix) posix.push_back(i);
  }
  const std::vector<size_t>& owners = win32.empty() ? posix : win32;
  const bool is_dos = link.name_space == NameSpace::kDos;
  bool is_owner = false;
  for (size_t owner : owners) is_owner = is_owner || owner == which;
  std::vector<size_t> result{which};
  if (dos.empty() || !(is_dos || is_owner)) return result;
  // Several other names and no Win32 name among them: the DOS name goes with none of them.
  if (win32.empty() && owners.size() > 1) return result;
  if (dos.size() > 1 || owners.size() > 1)
    throw Error(ErrorCode::kUnsupported, "ntfs.names.ambiguous",
                "the file has several long names in one directory and the DOS name " +
                    printable(to_utf8(links[dos[0]].name)) +
                    "; which of them it belongs to cannot be told; nothing was changed");
  if (is_owner) result.push_back(dos[0]);
  if (is_dos) result.insert(result.end(), owners.begin(), owners.end());
  return result;
}

}  // namespace mend::ntfs
