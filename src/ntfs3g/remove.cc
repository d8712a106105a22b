// SPDX-License-Identifier: GPL-3.0-or-later
#include <cerrno>
#include <memory>

#include "base/error.h"
#include "ntfs/names.h"
#include "ntfs3g/edit.h"

namespace mend::ntfs3g {

namespace {

// Takes the file out of a view index of a file in $Extend. An entry that is not there is a blemish of before;
// a volume without that file has no index to clean.
void remove_from_extend(Mount& mount, std::u16string_view file_name, std::u16string_view index, Bytes key) {
  std::optional<Entry> entry;
  {
    Inode extend(mount, ntfs::system_record::kExtend);
    entry = find_entry(mount, extend, file_name);
    extend.close();
  }
  if (!entry) return;
  Inode file(mount, entry->reference);
  remove_view_entry(mount, file, index, key);
  file.close();
}

// $Reparse:$R, key: +0x00 tag (4), +0x04 packed reference (8). $ObjId:$O, key: the object ID (16).
void remove_view_entries(Mount& mount, Inode& file) {
  ByteVector reparse_key, object_key;
  {
    AttributeSearch search(mount, file);
    if (search.next(AT_OBJECT_ID)) {
      Bytes id = slice(search.value(), 0, 16);
      object_key.assign(id.begin(), id.end());
    }
  }
  if (ntfs_attr* attribute = ntfs_attr_open(file.get(), AT_REPARSE_POINT, AT_UNNAMED, 0)) {
    reparse_key.resize(12);  // the reparse data may lie outside the record
    s64 done = ntfs_attr_pread(attribute, 0, 4, reparse_key.data());
    ntfs_attr_close(attribute);
    if (done != 4)
      mount.fail("ntfs3g.reparse.read", "cannot read the reparse tag of " + mount.at(file.record()));
    write_le<uint64_t>(reparse_key, 4, file.reference().pack());
  } else if (errno != ENOENT) {
    mount.fail("ntfs3g.reparse.open", "cannot read the reparse point of " + mount.at(file.record()));
  }
  if (!reparse_key.empty()) remove_from_extend(mount, u"$Reparse", u"$R", reparse_key);
  if (!object_key.empty()) remove_from_extend(mount, u"$ObjId", u"$O", object_key);
}

void free_clusters(Mount& mount, Inode& file) {
  AttributeSearch search(mount, file);
  while (search.next_of_all()) {
    if (!search.attribute()->non_resident) continue;
    std::unique_ptr<runlist, decltype(&std::free)> runs(
        ntfs_mapping_pairs_decompress(mount.library(), search.attribute(), nullptr), &std::free);
    if (!runs || ntfs_cluster_free_from_rl(mount.library(), runs.get()) != 0)
      mount.fail("ntfs3g.clusters.free", "cannot free the clusters of " + mount.at(file.record()));
  }
}

// The names stay in the record, as Windows leaves them, for who wants to undelete.
void free_file(Mount& mount, Inode& file) {
  if (ntfs_inode_attach_all_extents(file.get()) != 0)
    mount.fail("ntfs3g.extents", "cannot open the extension records of " + mount.at(file.record()));
  remove_view_entries(mount, file);
  free_clusters(mount, file);
  file.set_link_count(0);
  while (file.get()->nr_extents > 0)
    if (ntfs_mft_record_free(mount.library(), file.get()->extent_nis[0]) != 0)
      mount.fail("ntfs3g.extents.free", "cannot free an extension record of " + mount.at(file.record()));
  if (ntfs_mft_record_free(mount.library(), file.get()) != 0)
    mount.fail("ntfs3g.record.free", "cannot free " + mount.at(file.record()));
  file.forget();
}

}  // namespace

std::unique_ptr<Inode> open_directory(Mount& mount, ntfs::MftReference reference) {
  if (reference.record < ntfs::system_record::kFirstUser && reference.record != ntfs::system_record::kRoot)
    throw Error(ErrorCode::kRefused, "ntfs3g.directory.system",
                mount.at(reference.record) + " belongs to NTFS itself; nothing was changed");
  auto directory = std::make_unique<Inode>(mount, reference);
  if (!directory->is_directory())
    throw Error(
        ErrorCode::kUsage, "ntfs3g.directory",
        mount.at(reference.record) + " is a file where a directory was expected; nothing was changed");
  return directory;
}

const Name& long_name_of(const FoundLink& link) {
  for (size_t going : link.going)
    if (link.names[going].name_space != ntfs::NameSpace::kDos) return link.names[going];
  return link.names[link.going.front()];
}

FoundLink find_link(Mount& mount, Inode& directory, std::u16string_view text) {
  auto contradiction = [&](const std::string& what) {
    return Error(ErrorCode::kCorrupt, "ntfs3g.name.contradiction",
                 in_quotes(text) + " in " + mount.at(directory.record()) + ": " + what +
                     "; nothing was changed. Let Windows check the volume (chkdsk) first");
  };
  std::optional<Entry> entry = find_entry(mount, directory, text);
  if (!entry)
    throw Error(ErrorCode::kNotFound, "ntfs3g.name.absent",
                "no entry " + in_quotes(text) + " in the directory of " + mount.at(directory.record()) +
                    "; nothing was changed");
  // Records 16 to 23 are kept for $MFT's growth, but chkdsk puts users' files there.
  if (entry->reference.record < ntfs::system_record::kFirstUser)
    throw Error(ErrorCode::kRefused, "ntfs3g.name.system",
                in_quotes(text) + " is a file of NTFS itself; nothing was changed");
  if (entry->reference.record == directory.record()) throw contradiction("the directory lists itself");
  FoundLink found;
  found.file = std::make_unique<Inode>(mount, entry->reference);
  found.names = names_of(mount, *found.file);
  if (found.file->link_count() != found.names.size())
    throw contradiction("the record counts " + std::to_string(found.file->link_count()) +
                        " names and holds " + std::to_string(found.names.size()));
  size_t which = 0;
  auto is_it = [&](const Name& name) { return name.parent == directory.reference() && name.text == text; };
  while (which < found.names.size() && !is_it(found.names[which])) ++which;
  if (which == found.names.size()) throw contradiction("the record of the file has no such name");
  std::vector<ntfs::Link> links;
  for (const Name& name : found.names) links.push_back({name.parent, name.text, name.name_space});
  found.going = ntfs::with_paired_name(links, which);
  for (size_t going : found.going) {
    std::optional<Entry> own = find_entry(mount, directory, found.names[going].text);
    if (!own || own->reference != found.file->reference())
      throw contradiction("the directory has no entry " + in_quotes(found.names[going].text) +
                          " of that file");
  }
  return found;
}

void remove_link(Mount& mount, ntfs::MftReference parent, std::u16string_view text) {
  std::unique_ptr<Inode> directory = open_directory(mount, parent);
  FoundLink link = find_link(mount, *directory, text);
  bool last = link.going.size() == link.names.size();
  if (link.file->is_directory() && ntfs_check_empty_dir(link.file->get()) != 0) {
    if (errno != ENOTEMPTY)
      mount.fail("ntfs3g.remove.directory", "cannot read the directory " + in_quotes(text));
    throw Error(ErrorCode::kRefused, "ntfs3g.remove.not_empty",
                "the directory " + in_quotes(text) + " is not empty; nothing was changed");
  }

  mount.begin_change();
  using namespace ntfs::change_reason;
  const std::u16string& long_name = long_name_of(link).text;
  if (!last) note_change(mount, *link.file, parent, long_name, kHardLinkChange);
  note_change(mount, *link.file, parent, long_name, (last ? kFileDelete : kHardLinkChange) | kClose);
  for (size_t going : link.going) {
    remove_entry(mount, *directory, link.names[going].text);
    if (!last) remove_name(mount, *link.file, link.names[going]);
  }
  directory->touch_content_and_record();
  if (last) {
    free_file(mount, *link.file);
  } else {
    link.file->touch_record();
    link.file->close();
  }
  directory->close();
}

}  // namespace mend::ntfs3g
