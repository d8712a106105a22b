// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs3g/names.h"

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace mend::ntfs3g {

namespace {

using ntfs::NameSpace;

constexpr std::u16string_view kDirectoryIndex = u"$I30";
// Offsets in a $FILE_NAME value.
constexpr size_t kParent = 0x00, kLength = 0x40, kNameSpace = 0x41, kText = 0x42;

// The library's 16-bit units are little-endian on disk and in memory.
std::vector<ntfschar> to_library(std::u16string_view text) {
  std::vector<ntfschar> units;
  units.reserve(text.size());
  for (char16_t unit : text) units.push_back(cpu_to_le16(unit));
  return units;
}

class IndexSearch {
 public:
  // `name` is not copied by the library, so it lives here; "$I30" is recognised by its address alone.
  IndexSearch(Mount& mount, Inode& owner, std::u16string_view name)
      : mount_(mount), owner_(owner), name_(to_library(name)) {
    ntfschar* units = name == kDirectoryIndex ? NTFS_INDEX_I30 : name_.data();
    context_ = ntfs_index_ctx_get(owner.get(), units, static_cast<u32>(name_.size()));
    if (!context_) mount.fail("ntfs3g.index.open", "cannot open an index of " + mount.at(owner.record()));
  }
  ~IndexSearch() {
    if (context_) ntfs_index_ctx_put(context_);
  }
  IndexSearch(const IndexSearch&) = delete;
  IndexSearch& operator=(const IndexSearch&) = delete;

  bool find(Bytes key) {
    if (ntfs_index_lookup(key.data(), static_cast<int>(key.size()), context_) == 0) return true;
    if (errno != ENOENT)
      mount_.fail("ntfs3g.index.find", "cannot search an index of " + mount_.at(owner_.record()));
    return false;
  }

  // False: there was no such entry.
  bool remove(Bytes key) {
    while (find(key)) {
      int status = ntfs_index_rm(context_);
      ntfs_inode_mark_dirty(context_->actx->ntfs_ino);
      if (status == STATUS_OK) return true;
      // The library made room in the tree first and wants to be asked again.
      if (status != STATUS_KEEP_SEARCHING)
        mount_.fail("ntfs3g.index.remove",
                    "cannot remove an entry from an index of " + mount_.at(owner_.record()));
      ntfs_index_ctx_reinit(context_);
    }
    return false;
  }

  const INDEX_ENTRY* entry() const { return context_->entry; }

 private:
  Mount& mount_;
  Inode& owner_;
  std::vector<ntfschar> name_;
  ntfs_index_context* context_;
};

}  // namespace

std::string in_quotes(std::u16string_view text) {
  std::string result = "\"";
  result += printable(to_utf8(text));
  result += '"';
  return result;
}

Name parse_name(Bytes value) {
  Name name;
  size_t units = slice(value, kLength, 1)[0];
  Bytes text = slice(value, kText, units * 2);
  name.parent = ntfs::MftReference::unpack(read_le<uint64_t>(value, kParent));
  name.name_space = static_cast<NameSpace>(slice(value, kNameSpace, 1)[0]);
  name.text = utf16_from_le(text);
  name.value.assign(value.begin(), value.end());
  return name;
}

ByteVector make_name(Bytes from, ntfs::MftReference parent, std::u16string_view text) {
  Bytes header = slice(from, 0, kText);
  ByteVector value(header.begin(), header.end());
  write_le<uint64_t>(value, kParent, parent.pack());
  value[kLength] = static_cast<uint8_t>(text.size());
  // Neither a Win32 name, which would want a DOS name beside it, nor a DOS name; Windows opens it as any
  // other.
  value[kNameSpace] = static_cast<uint8_t>(NameSpace::kPosix);
  ByteVector units = utf16_to_le(text);
  value.insert(value.end(), units.begin(), units.end());
  return value;
}

std::vector<Name> names_of(Mount& mount, Inode& file) {
  std::vector<Name> names;
  AttributeSearch search(mount, file);
  while (search.next(AT_FILE_NAME)) names.push_back(parse_name(search.value()));
  return names;
}

std::optional<Entry> find_entry(Mount& mount, Inode& directory, std::u16string_view text) {
  IndexSearch search(mount, directory, kDirectoryIndex);
  if (!search.find(make_name(ByteVector(kText), {}, text))) return std::nullopt;
  const INDEX_ENTRY* found = search.entry();
  Bytes whole(reinterpret_cast<const uint8_t*>(found), le16_to_cpu(found->length));
  Bytes key = slice(whole, offsetof(INDEX_ENTRY, key), le16_to_cpu(found->key_length));
  return Entry{ntfs::MftReference::unpack(le64_to_cpu(found->indexed_file)), {key.begin(), key.end()}};
}

std::optional<ntfs::MftReference> find_ignoring_case(Mount& mount, Inode& directory,
                                                     std::u16string_view text) {
  ntfs_volume* volume = mount.library();
  std::vector<ntfschar> units = to_library(text);
  clear_state(volume->state, NV_CaseSensitive);
  u64 found = ntfs_inode_lookup_by_name(directory.get(), units.data(), static_cast<int>(units.size()));
  int error = errno;
  set_state(volume->state, NV_CaseSensitive);
  if (found != static_cast<u64>(-1)) return ntfs::MftReference::unpack(found);
  errno = error;
  if (error != ENOENT)
    mount.fail("ntfs3g.index.lookup", "cannot search the directory in " + mount.at(directory.record()));
  return std::nullopt;
}

bool equal_ignoring_case(Mount& mount, std::u16string_view a, std::u16string_view b) {
  std::vector<ntfschar> left = to_library(a), right = to_library(b);
  return ntfs_names_are_equal(left.data(), left.size(), right.data(), right.size(), IGNORE_CASE,
                              mount.library()->upcase, mount.library()->upcase_len) != FALSE;
}

void add_entry(Mount& mount, Inode& directory, Bytes value, ntfs::MftReference file) {
  ByteVector copy(value.begin(), value.end());  // the library takes it as writable
  if (ntfs_index_add_filename(directory.get(), reinterpret_cast<FILE_NAME_ATTR*>(copy.data()), file.pack()) !=
      0)
    mount.fail("ntfs3g.index.add", "cannot add an entry to the directory in " + mount.at(directory.record()));
  directory.mark_dirty();
}

void remove_entry(Mount& mount, Inode& directory, std::u16string_view text) {
  IndexSearch search(mount, directory, kDirectoryIndex);
  if (!search.remove(make_name(ByteVector(kText), {}, text)))
    throw Error(ErrorCode::kCorrupt, "ntfs3g.index.lost",
                "the entry " + in_quotes(text) + " of the directory in " + mount.at(directory.record()) +
                    " was lost while the index was rearranged; the edit is dropped");
}

bool remove_view_entry(Mount& mount, Inode& file, std::u16string_view index, Bytes key) {
  IndexSearch search(mount, file, index);
  return search.remove(key);
}

void note_change(Mount& mount, Inode& file, ntfs::MftReference parent, std::u16string_view name,
                 uint32_t reason) {
  const uint32_t attributes =
      ntfs::change_attributes(le32_to_cpu(static_cast<le32>(file.get()->flags)), file.is_directory());
  mount.changes().push_back({file.reference(), parent, std::u16string(name), reason, attributes});
}

void add_name(Mount& mount, Inode& file, Bytes value) {
  if (ntfs_attr_add(file.get(), AT_FILE_NAME, AT_UNNAMED, 0, value.data(), static_cast<s64>(value.size())) !=
      0)
    mount.fail("ntfs3g.name.add", "cannot add a name to " + mount.at(file.record()));
  file.set_link_count(static_cast<uint16_t>(file.link_count() + 1));
}

void remove_name(Mount& mount, Inode& file, const Name& name) {
  AttributeSearch search(mount, file);
  while (search.next(AT_FILE_NAME)) {
    if (!equal(search.value(), name.value)) continue;
    if (ntfs_attr_record_rm(search.context()) != 0)
      mount.fail("ntfs3g.name.remove",
                 "cannot remove the name " + in_quotes(name.text) + " from " + mount.at(file.record()));
    file.set_link_count(static_cast<uint16_t>(file.link_count() - 1));
    return;
  }
  throw Error(
      ErrorCode::kCorrupt, "ntfs3g.name.lost",
      "the name " + in_quotes(name.text) + " is not in " + mount.at(file.record()) + "; the edit is dropped");
}

}  // namespace mend::ntfs3g
