// SPDX-License-Identifier: GPL-3.0-or-later
// How one entry comes into being: record, attributes, names.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "tools/brokenpc/dos_name.h"
#include "tools/brokenpc/ntfs_writer_impl.h"
#include "tools/brokenpc/security.h"

namespace mend::brokenpc {
namespace {

// A file of up to so many bytes stays in its MFT record of 1024 bytes, beside two long names.
constexpr uint64_t kResidentBytes = 256;
constexpr uint64_t kPieceBytes = 1 << 20;
constexpr uint32_t kDirectoryFlag = 0x10000000;  // in $FILE_NAME only

le32 to_le32(uint32_t value) {
  return cpu_to_le32(value);
}
FILE_ATTR_FLAGS to_flags(uint32_t value) {
  return static_cast<FILE_ATTR_FLAGS>(to_le32(value));
}
sle64 to_size(s64 value) {
  return static_cast<sle64>(cpu_to_le64(static_cast<u64>(value)));
}
ntfs_time to_time(uint64_t filetime) {
  return static_cast<ntfs_time>(cpu_to_le64(filetime));
}
ntfschar* units_of(std::u16string& text) {
  static_assert(sizeof(ntfschar) == sizeof(char16_t));
  return reinterpret_cast<ntfschar*>(text.data());
}
u64 sequence_of(ntfs_inode* inode) {
  return le16_to_cpu(inode->mrec->sequence_number);
}
MFT_REF reference_of(ntfs_inode* inode) {
  return inode->mft_no | sequence_of(inode) << 48;
}

}  // namespace

void NtfsWriter::Implementation::fail(const std::string& what) {
  int error = errno;
  if (window.error != nullptr) std::rethrow_exception(window.error);
  throw_errno("brokenpc.ntfs.library", what, error);
}

void NtfsWriter::Implementation::mount() {
  ntfs_log_set_handler(ntfs_log_handler_null);
  ntfs_device* device = make_ntfs_device(window);
  require(device != nullptr, "ntfs_device_alloc");
  volume = ntfs_device_mount(device, NTFS_MNT_FORENSIC);
  if (volume == nullptr) {
    int error = errno;
    ntfs_device_free(device);
    errno = error;
    fail("opening the volume that mkntfs made");
  }
  ntfs_create_lru_caches(volume);
  NVolSetCompression(volume);
  prepare_security();
}

// The root directory takes each descriptor in turn, which puts them into $Secure; it keeps the last one.
void NtfsWriter::Implementation::prepare_security() {
  SECURITY_CONTEXT context{};
  context.vol = volume;
  ntfs_inode* root = open(kRootRecord);
  const ByteVector descriptors[] = {user_security(), system_security(), program_security()};
  const Access order[] = {Access::kUser, Access::kSystem, Access::kProgram};
  for (size_t i = 0; i < 3; ++i) {
    const char* value = reinterpret_cast<const char*>(descriptors[i].data());
    require(ntfs_set_ntfs_acl(&context, root, value, descriptors[i].size(), 0) == 0, "$Secure");
    security_ids[static_cast<size_t>(order[i])] = root->security_id;
  }
  require(ntfs_inode_close(root) == 0, "closing the root directory");
}

void NtfsWriter::Implementation::leave() {
  ntfs_inode* inode = directory;
  directory = nullptr;
  if (inode != nullptr) require(ntfs_inode_close(inode) == 0, "closing a directory");
}

ntfs_inode* NtfsWriter::Implementation::open(uint64_t record) {
  ntfs_inode* inode = ntfs_inode_open(volume, record);
  if (inode == nullptr) fail("opening record " + std::to_string(record));
  return inode;
}

ntfs_inode* NtfsWriter::Implementation::enter(uint64_t record) {
  if (directory != nullptr && directory->mft_no == record) return directory;
  leave();
  directory = open(record);
  return directory;
}

void NtfsWriter::Implementation::stamp(ntfs_inode* inode, const FileTimes& times) {
  inode->creation_time = to_time(times.created);
  inode->last_data_change_time = to_time(times.modified);
  inode->last_mft_change_time = to_time(std::max(times.created, times.modified));
  inode->last_access_time = inode->last_mft_change_time;
}

// The library keeps the times of an index entry in step, not those of $FILE_NAME itself.
void NtfsWriter::Implementation::stamp_names(ntfs_inode* inode) {
  ntfs_attr_search_ctx* search = ntfs_attr_get_search_ctx(inode, nullptr);
  require(search != nullptr, "searching names");
  while (ntfs_attr_lookup(AT_FILE_NAME, AT_UNNAMED, 0, CASE_SENSITIVE, 0, nullptr, 0, search) == 0) {
    uint8_t* value = reinterpret_cast<uint8_t*>(search->attr) + le16_to_cpu(search->attr->value_offset);
    FILE_NAME_ATTR* name = reinterpret_cast<FILE_NAME_ATTR*>(value);
    name->creation_time = inode->creation_time;
    name->last_data_change_time = inode->last_data_change_time;
    name->last_mft_change_time = inode->last_mft_change_time;
    name->last_access_time = inode->last_access_time;
  }
  ntfs_attr_put_search_ctx(search);
}

ntfs_inode* NtfsWriter::Implementation::allocate(const NewEntry& entry) {
  ntfs_inode* inode = ntfs_mft_record_alloc(volume, nullptr);
  require(inode != nullptr, "allocating an MFT record");
  unfinished = inode;
  ntfs_inode_invalidate(volume, inode->mft_no);
  stamp(inode, entry.times);
  inode->flags = to_flags(entry.attributes);
  set_nino_flag(inode, v3_Extensions);
  inode->owner_id = to_le32(0);
  inode->security_id = security_ids[static_cast<size_t>(entry.access)];
  inode->quota_charged = cpu_to_le64(0);
  inode->usn = cpu_to_le64(0);
  add_standard_information(inode);
  return inode;
}

void NtfsWriter::Implementation::add_standard_information(ntfs_inode* inode) {
  STANDARD_INFORMATION information{};
  information.creation_time = inode->creation_time;
  information.last_data_change_time = inode->last_data_change_time;
  information.last_mft_change_time = inode->last_mft_change_time;
  information.last_access_time = inode->last_access_time;
  information.file_attributes = inode->flags;
  information.security_id = inode->security_id;
  u8* value = reinterpret_cast<u8*>(&information);
  require(ntfs_attr_add(inode, AT_STANDARD_INFORMATION, AT_UNNAMED, 0, value, sizeof information) == 0,
          "adding $STANDARD_INFORMATION");
}

// An empty index of names: the root with its end entry.
void NtfsWriter::Implementation::add_index_root(ntfs_inode* inode) {
  constexpr uint32_t kEndEntryBytes = 16;
  constexpr uint32_t kHeaderBytes = 16;
  uint32_t block = volume->indx_record_size;
  uint32_t unit = volume->cluster_size <= block ? volume->cluster_size : 512;
  ByteVector root(16 + kHeaderBytes + kEndEntryBytes);
  write_le<uint32_t>(root, 0, 0x30);   // indexed attribute: $FILE_NAME
  write_le<uint32_t>(root, 4, 1);      // collation of names
  write_le<uint32_t>(root, 8, block);  // bytes of an index block
  root[12] = static_cast<uint8_t>(block / unit);
  write_le<uint32_t>(root, 16, kHeaderBytes);                   // offset of the first entry
  write_le<uint32_t>(root, 20, kHeaderBytes + kEndEntryBytes);  // in use
  write_le<uint32_t>(root, 24, kHeaderBytes + kEndEntryBytes);  // allocated
  write_le<uint16_t>(root, 32 + 8, kEndEntryBytes);
  write_le<uint16_t>(root, 32 + 12, 2);  // the end
  require(
      ntfs_attr_add(inode, AT_INDEX_ROOT, NTFS_INDEX_I30, 4, root.data(), static_cast<s64>(root.size())) == 0,
      "adding $INDEX_ROOT");
  inode->mrec->flags = static_cast<MFT_RECORD_FLAGS>(inode->mrec->flags | MFT_RECORD_IS_DIRECTORY);
}

// Takes twice the clusters in a row, gives every other one back, and tells the attribute of the rest.
void NtfsWriter::Implementation::scatter(ntfs_attr* attribute, uint64_t clusters) {
  runlist_element* whole = ntfs_cluster_alloc(volume, 0, static_cast<s64>(2 * clusters), -1, DATA_ZONE);
  require(whole != nullptr, "allocating clusters");
  std::vector<LCN> lcns;
  for (runlist_element* run = whole; run->length != 0; ++run)
    for (s64 i = 0; i < run->length; ++i) lcns.push_back(run->lcn + i);
  std::free(whole);
  // The attribute frees its runs itself.
  void* memory = std::malloc((clusters + 1) * sizeof(runlist_element));
  require(memory != nullptr, "allocating runs");
  runlist_element* runs = static_cast<runlist_element*>(memory);
  for (uint64_t i = 0; i < clusters; ++i) {
    runs[i] = {static_cast<VCN>(i), lcns[2 * i], 1};
    require(ntfs_bitmap_clear_run(volume->lcnbmp_na, lcns[2 * i + 1], 1) == 0, "freeing a cluster");
    ++volume->free_clusters;
  }
  runs[clusters] = {static_cast<VCN>(clusters), LCN_ENOENT, 0};
  attribute->rl = runs;
  attribute->allocated_size = static_cast<s64>(clusters * volume->cluster_size);
  NAttrSetFullyMapped(attribute);
  require(ntfs_attr_update_mapping_pairs(attribute, 0) == 0, "writing runs");
}

void NtfsWriter::Implementation::fill_data(ntfs_attr* attribute, const Content& content) {
  uint64_t position = content.sparse ? content.size_bytes - content.sparse_tail : 0;
  ByteVector buffer(std::min(kPieceBytes, content.size_bytes - position));
  while (position < content.size_bytes) {
    MutableBytes piece = MutableBytes(buffer).first(std::min(kPieceBytes, content.size_bytes - position));
    content.fill(position, piece);
    s64 length = static_cast<s64>(piece.size());
    require(ntfs_attr_pwrite(attribute, static_cast<s64>(position), length, piece.data()) == length,
            "writing a file");
    position += piece.size();
  }
}

// Resident where it is small. Otherwise out of the record from the start: the library would keep all in it
// that fits by now, and then need an attribute list for the names.
Attribute NtfsWriter::Implementation::add_stream(ntfs_inode* inode, std::u16string name, Bytes resident,
                                                 uint64_t size_bytes) {
  ntfschar* units = name.empty() ? AT_UNNAMED : units_of(name);
  u8 length = static_cast<u8>(name.size());
  if (size_bytes == resident.size()) {
    require(ntfs_attr_add(inode, AT_DATA, units, length, const_cast<u8*>(resident.data()),
                          static_cast<s64>(resident.size())) == 0,
            "adding $DATA");
    return nullptr;
  }
  bool compressed = (inode->flags & FILE_ATTR_COMPRESSED) != 0 && name.empty();
  return add_clusters_stream(inode, name, compressed ? ATTR_IS_COMPRESSED : static_cast<ATTR_FLAGS>(0));
}

Attribute NtfsWriter::Implementation::add_clusters_stream(ntfs_inode* inode, std::u16string& name,
                                                          ATTR_FLAGS flags) {
  ntfschar* units = name.empty() ? AT_UNNAMED : units_of(name);
  u8 length = static_cast<u8>(name.size());
  constexpr int kRunsBytes = 8;
  int at = ntfs_non_resident_attr_record_add(inode, AT_DATA, units, length, 0, kRunsBytes, flags);
  require(at >= 0, "adding $DATA");
  // ntfs-3g 2022.10 leaves there what stood in the record before.
  ATTR_RECORD* record = reinterpret_cast<ATTR_RECORD*>(reinterpret_cast<uint8_t*>(inode->mrec) + at);
  std::fill(std::begin(record->reserved1), std::end(record->reserved1), uint8_t{0});
  Attribute attribute(ntfs_attr_open(inode, AT_DATA, units, length));
  require(attribute != nullptr, "opening $DATA");
  return attribute;
}

void NtfsWriter::Implementation::add_data(ntfs_inode* inode, const Content& content) {
  bool resident = content.size_bytes <= kResidentBytes && content.fill && !content.sparse;
  ByteVector small(resident ? content.size_bytes : 0);
  if (!small.empty()) content.fill(0, small);
  inode->allocated_size = static_cast<s64>(align_up(small.size(), 8));
  inode->data_size = static_cast<s64>(small.size());
  Attribute attribute = add_stream(inode, {}, small, content.size_bytes);
  if (attribute == nullptr) return;
  s64 size = static_cast<s64>(content.size_bytes);
  bool compressed = (inode->flags & FILE_ATTR_COMPRESSED) != 0;
  if (content.sparse) {
    require(ntfs_attr_truncate(attribute.get(), size) == 0, "making a sparse file");
  } else if (!compressed) {
    require(ntfs_attr_truncate_solid(attribute.get(), size) == 0, "allocating a file");
  }
  if (content.fill) fill_data(attribute.get(), content);
  if (compressed) require(ntfs_attr_pclose(attribute.get()) == 0, "ending a compressed file");
}

// As the change journal is: its head given back, its end allocated in store.
void NtfsWriter::Implementation::add_sparse_stream(ntfs_inode* inode, const Stream& stream) {
  std::u16string name = stream.name;
  u8 units = static_cast<u8>(name.size());
  {
    Attribute attribute = add_clusters_stream(inode, name, ATTR_IS_SPARSE);
    ByteVector all = stream.content;
    all.resize(all.size() + stream.spare_bytes);
    s64 hole = static_cast<s64>(stream.hole_bytes), length = static_cast<s64>(all.size());
    require(ntfs_attr_truncate(attribute.get(), hole) == 0 &&
                ntfs_attr_pwrite(attribute.get(), hole, length, all.data()) == length,
            "writing a sparse stream");
  }
  ntfs_attr_search_ctx* search = ntfs_attr_get_search_ctx(inode, nullptr);
  require(search != nullptr &&
              ntfs_attr_lookup(AT_DATA, units_of(name), units, CASE_SENSITIVE, 0, nullptr, 0, search) == 0,
          "finding a sparse stream");
  search->attr->data_size = to_size(static_cast<s64>(stream.hole_bytes + stream.content.size()));
  search->attr->initialized_size = search->attr->data_size;
  ntfs_inode_mark_dirty(search->ntfs_ino);
  ntfs_attr_put_search_ctx(search);
}

void NtfsWriter::Implementation::add_named_stream(ntfs_inode* inode, const Stream& stream) {
  if (stream.hole_bytes != 0) return add_sparse_stream(inode, stream);
  Bytes content = stream.content;
  bool resident = content.size() <= kResidentBytes;
  Attribute attribute = add_stream(inode, stream.name, resident ? content : Bytes(), content.size());
  if (attribute == nullptr) return;
  s64 size = static_cast<s64>(content.size());
  bool written = ntfs_attr_truncate_solid(attribute.get(), size) == 0 &&
                 ntfs_attr_pwrite(attribute.get(), 0, size, content.data()) == size;
  require(written, "writing a stream");
}

void NtfsWriter::Implementation::add_reparse_point(ntfs_inode* inode, const ByteVector& reparse) {
  if (reparse.empty()) return;
  const char* value = reinterpret_cast<const char*>(reparse.data());
  require(ntfs_set_ntfs_reparse_data(inode, value, reparse.size(), 0) == 0, "adding a reparse point");
}

void NtfsWriter::Implementation::add_name(ntfs_inode* inode, ntfs_inode* parent, std::u16string name,
                                          uint8_t name_space) {
  ByteVector value(sizeof(FILE_NAME_ATTR) + 2 * name.size());
  FILE_NAME_ATTR* attribute = reinterpret_cast<FILE_NAME_ATTR*>(value.data());
  bool directory_entry = (inode->mrec->flags & MFT_RECORD_IS_DIRECTORY) != 0;
  attribute->parent_directory = cpu_to_le64(reference_of(parent));
  attribute->creation_time = inode->creation_time;
  attribute->last_data_change_time = inode->last_data_change_time;
  attribute->last_mft_change_time = inode->last_mft_change_time;
  attribute->last_access_time = inode->last_access_time;
  attribute->allocated_size = to_size(directory_entry ? 0 : inode->allocated_size);
  attribute->data_size = to_size(directory_entry ? 0 : inode->data_size);
  attribute->file_attributes =
      static_cast<FILE_ATTR_FLAGS>(inode->flags | to_flags(directory_entry ? kDirectoryFlag : 0));
  ntfs_attr* reparse = (inode->flags & FILE_ATTR_REPARSE_POINT) != 0
                           ? ntfs_attr_open(inode, AT_REPARSE_POINT, AT_UNNAMED, 0)
                           : nullptr;
  if (reparse != nullptr) {
    uint8_t tag[4];
    bool read = ntfs_attr_pread(reparse, 0, sizeof tag, tag) == sizeof tag;
    ntfs_attr_close(reparse);
    require(read, "reading a reparse tag");
    attribute->reparse_point_tag = to_le32(read_le<uint32_t>(tag, 0));
  }
  attribute->file_name_length = static_cast<u8>(name.size());
  attribute->file_name_type = static_cast<FILE_NAME_TYPE_FLAGS>(name_space);
  std::memcpy(value.data() + sizeof(FILE_NAME_ATTR), units_of(name), 2 * name.size());
  require(
      ntfs_attr_add(inode, AT_FILE_NAME, AT_UNNAMED, 0, value.data(), static_cast<s64>(value.size())) == 0,
      "adding $FILE_NAME");
  if (ntfs_index_add_filename(parent, attribute, reference_of(inode)) != 0)
    fail("adding " + to_utf8(name) + " to its directory");
  inode->mrec->link_count = cpu_to_le16(static_cast<u16>(le16_to_cpu(inode->mrec->link_count) + 1));
}

void NtfsWriter::Implementation::add_names(ntfs_inode* inode, ntfs_inode* parent, const NewEntry& entry) {
  if (entry.names == Names::kPosix) return add_name(inode, parent, entry.name, FILE_NAME_POSIX);
  if (entry.names == Names::kWin32Only) return add_name(inode, parent, entry.name, FILE_NAME_WIN32);
  if (is_dos_name(entry.name)) return add_name(inode, parent, entry.name, FILE_NAME_WIN32_AND_DOS);
  add_name(inode, parent, make_dos_name(entry.name, dos_names[parent->mft_no]), FILE_NAME_DOS);
  add_name(inode, parent, entry.name, FILE_NAME_WIN32);
}

// The names were given their final sizes, so the library need not look them up again.
uint64_t NtfsWriter::Implementation::finish(ntfs_inode* inode, ntfs_inode* parent) {
  uint64_t record = inode->mft_no;
  inode->state &= ~(1UL << NI_FileNameDirty);
  ntfs_inode_mark_dirty(inode);
  unfinished = nullptr;
  require(ntfs_inode_close_in_dir(inode, parent) == 0, "closing a new file");
  return record;
}

}  // namespace mend::brokenpc
