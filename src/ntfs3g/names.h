// SPDX-License-Identifier: GPL-3.0-or-later
// Names of a file, in its record and in the indexes of its directories, and the entries of view indexes. Not
// for use outside src/ntfs3g.
//
// Why ntfs_delete() and ntfs_link() of the library are not used (2022.10.3): the former gives ENOENT for a
// Win32 name without a DOS name, takes the DOS name of another directory's hard link for the pair, rewrites
// the index entries of all remaining hard links, and crashes on a reparse point that $Reparse does not list;
// the latter forgets the reparse tag and adds the new name before the old one has made room in the record.
#pragma once

#include <optional>

#include "ntfs3g/mount.h"

namespace mend::ntfs3g {

// For messages.
std::string in_quotes(std::u16string_view text);

struct Name {
  ntfs::MftReference parent;
  std::u16string text;
  ntfs::NameSpace name_space = ntfs::NameSpace::kPosix;
  ByteVector value;  // the whole $FILE_NAME
};

// A $FILE_NAME value; kCorrupt when it is too short for its name.
Name parse_name(Bytes value);
// A $FILE_NAME value with the times, sizes and flags of `from`, another parent and text, and no name space.
ByteVector make_name(Bytes from, ntfs::MftReference parent, std::u16string_view text);

std::vector<Name> names_of(Mount& mount, Inode& file);

// An entry of a directory as it stands in the index.
struct Entry {
  ntfs::MftReference reference;
  ByteVector value;  // its $FILE_NAME, with the index's copies of times and sizes
};
// Spelt exactly so; nullopt: none.
std::optional<Entry> find_entry(Mount& mount, Inode& directory, std::u16string_view text);
// Equal but for case, by the volume's table.
std::optional<ntfs::MftReference> find_ignoring_case(Mount& mount, Inode& directory,
                                                     std::u16string_view text);
bool equal_ignoring_case(Mount& mount, std::u16string_view a, std::u16string_view b);

void add_entry(Mount& mount, Inode& directory, Bytes value, ntfs::MftReference file);
void remove_entry(Mount& mount, Inode& directory, std::u16string_view text);
// Of a view index, such as u"$R". False: there was none.
bool remove_view_entry(Mount& mount, Inode& file, std::u16string_view index, Bytes key);

// Notes a change of the file for the change journal.
void note_change(Mount& mount, Inode& file, ntfs::MftReference parent, std::u16string_view name,
                 uint32_t reason);

void add_name(Mount& mount, Inode& file, Bytes value);
void remove_name(Mount& mount, Inode& file, const Name& name);

}  // namespace mend::ntfs3g
