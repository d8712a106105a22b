// SPDX-License-Identifier: GPL-3.0-or-later
// What Volume's edits do, on a mounted volume; volume.h says what they promise. Not for use outside
// src/ntfs3g.
#pragma once

#include <memory>

#include "ntfs3g/names.h"
#include "ntfs3g/volume.h"

namespace mend::ntfs3g {

void remove_link(Mount& mount, ntfs::MftReference parent, std::u16string_view text);
void rename_link(Mount& mount, ntfs::MftReference parent, std::u16string_view text,
                 ntfs::MftReference new_parent, std::u16string_view new_text);
ntfs::MftReference create_directory(Mount& mount, ntfs::MftReference parent, std::u16string_view text,
                                    Access access);

// Appends what mount.changes() holds to the change journal and forgets it.
void append_changes(Mount& mount, const ntfs::ChangeJournal& journal, uint64_t filetime);

// One name of one file, found in both places and proved to agree. Opens the file.
struct FoundLink {
  std::unique_ptr<Inode> file;
  std::vector<Name> names;    // all of the file
  std::vector<size_t> going;  // the name and its pair
};
// Of the names that go, the one that is no DOS name.
const Name& long_name_of(const FoundLink& link);
// kNotFound "ntfs3g.name.absent", kRefused for a system file, kCorrupt "ntfs3g.name.contradiction".
FoundLink find_link(Mount& mount, Inode& directory, std::u16string_view text);
std::unique_ptr<Inode> open_directory(Mount& mount, ntfs::MftReference reference);

}  // namespace mend::ntfs3g
