// SPDX-License-Identifier: GPL-3.0-or-later
#include <cerrno>

#include "base/error.h"
#include "ntfs3g/edit.h"

namespace mend::ntfs3g {

namespace {

constexpr size_t kMaximumUnits = 255;
constexpr size_t kMaximumPathDepth = 32768;  // a path has at most 32,767 units

// Windows' rules for a name of its own; what is there already may break them.
void check_new_name(std::u16string_view text) {
  auto refuse = [&](const char* why) {
    throw Error(ErrorCode::kUsage, "ntfs3g.name.new",
                "cannot give the name " + in_quotes(text) + ": " + why + "; nothing was changed");
  };
  if (text.empty() || text.size() > kMaximumUnits) refuse("a name has 1 to 255 units");
  for (char16_t unit : text)
    if (unit < 0x20 || std::u16string_view(u"\"*/:<>?\\|").find(unit) != std::u16string_view::npos)
      refuse("Windows could not open it (control characters and \" * / : < > ? \\ | are not allowed)");
  if (text.back() == u'.' || text.back() == u' ')
    refuse("Windows could not open it (no dot or space at the end)");
}

Error inside_itself() {
  return Error(ErrorCode::kUsage, "ntfs3g.rename.inside",
               "cannot move a directory into itself; nothing was changed");
}

// A directory must not come to lie inside itself. `old_parent` may be on the way and is open already.
void check_not_inside(Mount& mount, ntfs::MftReference moved, Inode& old_parent, Inode& new_parent) {
  ntfs::MftReference at = new_parent.reference();
  std::vector<Name> names = names_of(mount, new_parent);
  for (size_t depth = 0; at.record != ntfs::system_record::kRoot; ++depth) {
    if (at == moved) throw inside_itself();
    if (names.empty() || depth > kMaximumPathDepth)
      throw Error(ErrorCode::kCorrupt, "ntfs3g.rename.path",
                  mount.at(at.record) + " does not lead to the root directory; nothing was changed");
    at = names.front().parent;
    if (at == moved || at.record == ntfs::system_record::kRoot) continue;
    if (at.record == old_parent.record()) {
      names = names_of(mount, old_parent);
    } else {
      Inode directory(mount, at);
      names = names_of(mount, directory);
    }
  }
}

void check_target_free(Mount& mount, const FoundLink& link, Inode& new_parent, std::u16string_view new_text) {
  auto conflict = [&] {
    return Error(ErrorCode::kConflict, "ntfs3g.rename.exists",
                 in_quotes(new_text) + " exists already in the directory of " +
                     mount.at(new_parent.record()) + "; nothing was changed");
  };
  std::optional<ntfs::MftReference> holder = find_ignoring_case(mount, new_parent, new_text);
  if (!holder) return;
  if (*holder != link.file->reference()) throw conflict();
  // The file itself: fine where that very name goes away, and no other of its names is in the way.
  for (size_t i = 0; i < link.names.size(); ++i) {
    bool goes = std::find(link.going.begin(), link.going.end(), i) != link.going.end();
    if (!goes && link.names[i].parent == new_parent.reference() &&
        equal_ignoring_case(mount, link.names[i].text, new_text))
      throw conflict();
  }
}

// O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA), self-relative.
// +0x00 revision, +0x02 control, +0x04 owner, +0x08 group, +0x0C SACL, +0x10 DACL
ByteVector system_and_administrators() {
  const ByteVector system = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};                         // S-1-5-18
  const ByteVector administrators = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};  // S-1-5-32-544
  constexpr uint16_t kSelfRelative = 0x8000, kDaclProtected = 0x1000, kDaclPresent = 0x0004;
  constexpr uint8_t kInheritToFilesAndFolders = 0x03;
  constexpr uint32_t kAllRights = 0x001f01ff;

  ByteVector list(8);  // ACL: revision, size, count
  for (const ByteVector& who : {system, administrators}) {
    ByteVector entry(8);  // access allowed: type 0, flags, size, mask, SID
    entry[1] = kInheritToFilesAndFolders;
    write_le<uint16_t>(entry, 2, static_cast<uint16_t>(8 + who.size()));
    write_le<uint32_t>(entry, 4, kAllRights);
    list.insert(list.end(), entry.begin(), entry.end());
    list.insert(list.end(), who.begin(), who.end());
  }
  list[0] = 2;
  write_le<uint16_t>(list, 2, static_cast<uint16_t>(list.size()));
  write_le<uint16_t>(list, 4, 2);

  ByteVector descriptor(20);
  descriptor[0] = 1;
  write_le<uint16_t>(descriptor, 2, kSelfRelative | kDaclProtected | kDaclPresent);
  auto append = [&](size_t field, const ByteVector& part) {
    write_le<uint32_t>(descriptor, field, static_cast<uint32_t>(descriptor.size()));
    descriptor.insert(descriptor.end(), part.begin(), part.end());
  };
  append(0x10, list);
  append(0x04, administrators);
  append(0x08, system);
  return descriptor;
}

}  // namespace

void rename_link(Mount& mount, ntfs::MftReference parent, std::u16string_view text,
                 ntfs::MftReference new_parent, std::u16string_view new_text) {
  if (new_text != text) check_new_name(new_text);
  std::unique_ptr<Inode> directory = open_directory(mount, parent);
  std::unique_ptr<Inode> other = new_parent == parent ? nullptr : open_directory(mount, new_parent);
  Inode& target = other ? *other : *directory;
  std::optional<Entry> entry = find_entry(mount, *directory, text);
  if (other && entry && entry->reference.record == other->record()) throw inside_itself();
  FoundLink link = find_link(mount, *directory, text);
  if (link.file->is_directory() && other) check_not_inside(mount, link.file->reference(), *directory, target);
  check_target_free(mount, link, target, new_text);
  // The copies in the index are kept apart from those in the record: each goes on as it was.
  const Name& long_name = long_name_of(link);
  ByteVector in_record = make_name(long_name.value, target.reference(), new_text);
  ByteVector in_index =
      make_name(find_entry(mount, *directory, long_name.text)->value, target.reference(), new_text);

  mount.begin_change();
  using namespace ntfs::change_reason;
  note_change(mount, *link.file, parent, long_name.text, kRenameOldName);
  for (const uint32_t reason : {kRenameNewName, kRenameNewName | kClose})
    note_change(mount, *link.file, new_parent, new_text, reason);
  for (size_t going : link.going) {
    remove_entry(mount, *directory, link.names[going].text);
    remove_name(mount, *link.file, link.names[going]);
  }
  add_name(mount, *link.file, in_record);
  add_entry(mount, target, in_index, link.file->reference());
  link.file->touch_record();
  link.file->close();
  directory->touch_content_and_record();
  directory->close();
  if (other) {
    other->touch_content_and_record();
    other->close();
  }
}

ntfs::MftReference create_directory(Mount& mount, ntfs::MftReference parent, std::u16string_view text,
                                    Access access) {
  check_new_name(text);
  std::unique_ptr<Inode> directory = open_directory(mount, parent);
  if (find_ignoring_case(mount, *directory, text))
    throw Error(ErrorCode::kConflict, "ntfs3g.directory.exists",
                in_quotes(text) + " exists already in the directory of " + mount.at(parent.record) +
                    "; nothing was changed");

  mount.begin_change();
  ByteVector name = make_name(ByteVector(0x42), parent, text);
  auto* units = reinterpret_cast<ntfschar*>(name.data() + 0x42);
  // Security ID 0: the directory carries a descriptor of its own, and $Secure stays as it is.
  ntfs_inode* made =
      ntfs_create(directory->get(), const_cpu_to_le32(0), units, static_cast<u8>(text.size()), S_IFDIR);
  if (!made) mount.fail("ntfs3g.directory.create", "cannot make the directory " + in_quotes(text));
  Inode created(mount, made);
  ByteVector descriptor;
  switch (access) {
    case Access::kSystemAndAdministrators:
      descriptor = system_and_administrators();
  }
  if (ntfs_attr_remove(made, AT_SECURITY_DESCRIPTOR, AT_UNNAMED, 0) != 0 ||
      ntfs_attr_add(made, AT_SECURITY_DESCRIPTOR, AT_UNNAMED, 0, descriptor.data(),
                    static_cast<s64>(descriptor.size())) != 0)
    mount.fail("ntfs3g.directory.descriptor", "cannot protect the directory " + in_quotes(text));
  ntfs::MftReference reference = created.reference();
  using namespace ntfs::change_reason;
  for (const uint32_t reason : {kFileCreate, kFileCreate | kClose})
    note_change(mount, created, parent, text, reason);
  created.mark_dirty();
  created.close();
  directory->touch_content_and_record();
  directory->close();
  return reference;
}

}  // namespace mend::ntfs3g
