// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/ntfs_writer.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <set>

// ntfs-3g 2022.10: the headers want <sys/stat.h> and <ctime> first and define min and max.
extern "C" {
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/bitmap.h>
#include <ntfs-3g/cache.h>
#include <ntfs-3g/device.h>
#include <ntfs-3g/index.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/layout.h>
#include <ntfs-3g/logging.h>
#include <ntfs-3g/mft.h>
#include <ntfs-3g/object_id.h>
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/security.h>
#include <ntfs-3g/volume.h>
}
#undef min
#undef max

#include "base/error.h"
#include "base/text.h"
#include "tools/brokenpc/dos_name.h"
#include "tools/brokenpc/program.h"
#include "tools/brokenpc/security.h"

namespace mend::brokenpc {
namespace {

// A file of up to so many bytes stays in its MFT record of 1024 bytes, beside two long names.
constexpr uint64_t kResidentBytes = 256;
constexpr uint64_t kPieceBytes = 1 << 20;
constexpr uint32_t kDirectoryFlag = 0x10000000;  // in $FILE_NAME only

// The window of the image that the library sees. Errors are latched: the library knows only errno.
struct Window {
  ImageFile& image;
  uint64_t offset;
  uint64_t size_bytes;
  std::exception_ptr error;
};

Window& window_of(ntfs_device* device) {
  return *static_cast<Window*>(device->d_private);
}

template <typename Body>
s64 guarded(ntfs_device* device, s64 count, Body body) noexcept {
  Window& window = window_of(device);
  try {
    body(window);
    return count;
  } catch (...) {
    if (window.error == nullptr) window.error = std::current_exception();
    errno = EIO;
    return -1;
  }
}

int device_open(ntfs_device* device, int) {
  NDevSetOpen(device);
  return 0;
}
int device_close(ntfs_device* device) {
  device->d_state &= ~(1UL << ND_Open);
  return 0;
}
s64 device_seek(ntfs_device*, s64 offset, int) {
  return offset;
}
s64 device_read(ntfs_device*, void*, s64) {
  errno = EOPNOTSUPP;
  return -1;
}
s64 device_write(ntfs_device*, const void*, s64) {
  errno = EOPNOTSUPP;
  return -1;
}
s64 device_pread(ntfs_device* device, void* buffer, s64 count, s64 offset) {
  return guarded(device, count, [&](Window& window) {
    uint64_t at = static_cast<uint64_t>(offset);
    uint64_t length = static_cast<uint64_t>(count);
    if (!fits(at, length, window.size_bytes)) throw_out_of_bounds(at, length, window.size_bytes);
    window.image.read(window.offset + at, {static_cast<uint8_t*>(buffer), length});
  });
}
s64 device_pwrite(ntfs_device* device, const void* buffer, s64 count, s64 offset) {
  return guarded(device, count, [&](Window& window) {
    uint64_t at = static_cast<uint64_t>(offset);
    uint64_t length = static_cast<uint64_t>(count);
    if (!fits(at, length, window.size_bytes)) throw_out_of_bounds(at, length, window.size_bytes);
    window.image.write(window.offset + at, {static_cast<const uint8_t*>(buffer), length});
    NDevSetDirty(device);
  });
}
int device_sync(ntfs_device* device) {
  device->d_state &= ~(1UL << ND_Dirty);
  return 0;
}
int device_stat(ntfs_device* device, struct stat* info) {
  std::memset(info, 0, sizeof *info);
  info->st_mode = S_IFREG;
  info->st_size = static_cast<off_t>(window_of(device).size_bytes);
  return 0;
}
int device_ioctl(ntfs_device*, unsigned long, void*) {
  errno = EOPNOTSUPP;
  return -1;
}
ntfs_device_operations g_operations = {device_open,  device_close,  device_seek, device_read, device_write,
                                       device_pread, device_pwrite, device_sync, device_stat, device_ioctl};

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

void format_volume(ImageFile& image, uint64_t offset, uint64_t size_bytes, const FormatOptions& options,
                   const std::string& scratch) {
  // mkntfs formats a whole file: a sparse one of the volume's size, whose content then moves to its place.
  ImageFile volume = ImageFile::create(scratch, size_bytes);
  run_program({"mkntfs", "--quick", "--force", "--quiet", "--zero-time", "--sector-size",
               std::to_string(options.sector_bytes), "--cluster-size", std::to_string(options.cluster_bytes),
               "--partition-start", std::to_string(offset / options.sector_bytes & UINT32_MAX), "--heads",
               "255", "--sectors-per-track", "63", "--label", options.label, scratch},
              "ntfs-3g");
  image.copy_from(volume, 0, offset, size_bytes);
  ::unlink(scratch.c_str());
  // mkntfs derives the serial number from the time, which is fixed here.
  uint8_t serial[8];
  write_le<uint64_t>(serial, 0, options.serial);
  uint64_t last_sector = offset + size_bytes - options.sector_bytes;
  for (uint64_t boot : {offset, last_sector}) image.write(boot + 0x48, serial);
}

}  // namespace

struct NtfsWriter::Implementation {
  Window window;
  ntfs_volume* volume = nullptr;
  ntfs_inode* directory = nullptr;  // the one that is held open (N-1)
  le32 security_ids[3] = {};
  std::map<uint64_t, std::set<std::u16string>> dos_names;

  [[noreturn]] void fail(const std::string& what) {
    int error = errno;
    if (window.error != nullptr) std::rethrow_exception(window.error);
    throw_errno("brokenpc.ntfs.library", what, error);
  }
  void require(bool good, const char* what) {
    if (!good) fail(what);
  }

  void mount();
  void prepare_security();
  void leave();
  ntfs_inode* enter(uint64_t record);
  ntfs_inode* open(uint64_t record);
  ntfs_inode* allocate(const NewEntry& entry);
  void add_standard_information(ntfs_inode* inode);
  void add_index_root(ntfs_inode* inode);
  void add_data(ntfs_inode* inode, const Content& content);
  void fill_data(ntfs_attr* attribute, const Content& content);
  void add_reparse_point(ntfs_inode* inode, const ByteVector& reparse);
  void add_name(ntfs_inode* inode, ntfs_inode* parent, std::u16string name, uint8_t name_space);
  void add_names(ntfs_inode* inode, ntfs_inode* parent, const NewEntry& entry);
  uint64_t finish(ntfs_inode* inode, ntfs_inode* parent);
  void stamp(ntfs_inode* inode, const FileTimes& times);
};

void NtfsWriter::Implementation::mount() {
  ntfs_log_set_handler(ntfs_log_handler_null);
  ntfs_device* device = ntfs_device_alloc("image", 0, &g_operations, &window);
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

ntfs_inode* NtfsWriter::Implementation::allocate(const NewEntry& entry) {
  ntfs_inode* inode = ntfs_mft_record_alloc(volume, nullptr);
  require(inode != nullptr, "allocating an MFT record");
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

void NtfsWriter::Implementation::add_data(ntfs_inode* inode, const Content& content) {
  bool resident = content.size_bytes <= kResidentBytes && content.fill && !content.sparse;
  ByteVector small(resident ? content.size_bytes : 0);
  if (!small.empty()) content.fill(0, small);
  require(ntfs_attr_add(inode, AT_DATA, AT_UNNAMED, 0, small.data(), static_cast<s64>(small.size())) == 0,
          "adding $DATA");
  inode->allocated_size = static_cast<s64>(align_up(small.size(), 8));
  inode->data_size = static_cast<s64>(small.size());
  if (resident || content.size_bytes == 0) return;
  ntfs_attr* attribute = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
  require(attribute != nullptr, "opening $DATA");
  s64 size = static_cast<s64>(content.size_bytes);
  bool compressed = (inode->flags & FILE_ATTR_COMPRESSED) != 0;
  if (content.sparse) {
    require(ntfs_attr_truncate(attribute, size) == 0, "making a sparse file");
  } else if (!compressed) {
    require(ntfs_attr_truncate_solid(attribute, size) == 0, "allocating a file");
  }
  if (content.fill) fill_data(attribute, content);
  if (compressed) require(ntfs_attr_pclose(attribute) == 0, "ending a compressed file");
  ntfs_attr_close(attribute);
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
  require(ntfs_inode_close_in_dir(inode, parent) == 0, "closing a new file");
  return record;
}

NtfsWriter::NtfsWriter(ImageFile& image, uint64_t offset, uint64_t size_bytes, const FormatOptions& options,
                       const std::string& scratch)
    : self_(new Implementation{{image, offset, size_bytes, nullptr}}) {
  format_volume(image, offset, size_bytes, options, scratch);
  self_->mount();
}

NtfsWriter::~NtfsWriter() {
  // Reached without close() only when an exception passes; what is on disk then does not matter.
  if (self_->volume == nullptr) return;
  if (self_->directory != nullptr) ntfs_inode_close(self_->directory);
  ntfs_umount(self_->volume, TRUE);
}

uint32_t NtfsWriter::cluster_bytes() const {
  return self_->volume->cluster_size;
}
uint64_t NtfsWriter::cluster_count() const {
  return static_cast<uint64_t>(self_->volume->nr_clusters);
}

uint64_t NtfsWriter::make_directory(uint64_t parent, const NewEntry& entry, const ByteVector& reparse) {
  ntfs_inode* directory = self_->enter(parent);
  if (!reparse.empty()) self_->require(ntfs_inode_sync(directory) == 0, "writing a directory back");
  ntfs_inode* inode = self_->allocate(entry);
  self_->add_index_root(inode);
  self_->add_reparse_point(inode, reparse);
  self_->add_names(inode, directory, entry);
  return self_->finish(inode, directory);
}

uint64_t NtfsWriter::make_file(uint64_t parent, const NewEntry& entry, const Content& content) {
  ntfs_inode* directory = self_->enter(parent);
  // The library finds $Reparse and $ObjId through the root directory as it is on disk.
  if (!content.reparse.empty() || !content.object_id.empty())
    self_->require(ntfs_inode_sync(directory) == 0, "writing a directory back");
  ntfs_inode* inode = self_->allocate(entry);
  self_->add_data(inode, content);
  for (Stream stream : content.streams) {
    self_->require(ntfs_attr_add(inode, AT_DATA, units_of(stream.name), static_cast<u8>(stream.name.size()),
                                 stream.content.data(), static_cast<s64>(stream.content.size())) == 0,
                   "adding a stream");
  }
  self_->add_reparse_point(inode, content.reparse);
  for (const Guid& id : content.object_id) {
    const char* value = reinterpret_cast<const char*>(id.bytes.data());
    self_->require(ntfs_set_ntfs_object_id(inode, value, id.bytes.size(), 0) == 0, "adding an object ID");
  }
  self_->add_names(inode, directory, entry);
  return self_->finish(inode, directory);
}

void NtfsWriter::add_hard_link(uint64_t record, uint64_t parent, const std::u16string& name) {
  ntfs_inode* directory = self_->enter(parent);
  ntfs_inode* inode = self_->open(record);
  self_->add_name(inode, directory, name, FILE_NAME_POSIX);
  self_->finish(inode, directory);
}

uint64_t NtfsWriter::allocate_from(uint64_t lcn) {
  return static_cast<uint64_t>(std::exchange(self_->volume->data1_zone_pos, static_cast<LCN>(lcn)));
}

std::vector<Extent> NtfsWriter::extents(uint64_t record) {
  self_->leave();
  ntfs_inode* inode = self_->open(record);
  ntfs_attr* attribute = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
  std::vector<Extent> extents;
  bool mapped = attribute != nullptr && ntfs_attr_map_whole_runlist(attribute) == 0;
  if (mapped) {
    for (runlist_element* run = attribute->rl; run != nullptr && run->length != 0; ++run)
      if (run->lcn >= 0)
        extents.push_back({static_cast<uint64_t>(run->lcn), static_cast<uint64_t>(run->length)});
  }
  if (attribute != nullptr) ntfs_attr_close(attribute);
  bool closed = ntfs_inode_close(inode) == 0;
  self_->require(mapped && closed, "looking up where a file lies");
  return extents;
}

void NtfsWriter::overwrite(uint64_t record, uint64_t offset, Bytes data) {
  self_->leave();
  ntfs_inode* inode = self_->open(record);
  ntfs_attr* attribute = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
  s64 length = static_cast<s64>(data.size());
  bool written = attribute != nullptr &&
                 ntfs_attr_pwrite(attribute, static_cast<s64>(offset), length, data.data()) == length;
  if (attribute != nullptr) ntfs_attr_close(attribute);
  bool closed = ntfs_inode_close(inode) == 0;
  self_->require(written && closed, "overwriting a system file");
}

uint64_t NtfsWriter::stream_bytes(uint64_t record) {
  self_->leave();
  ntfs_inode* inode = self_->open(record);
  ntfs_attr* attribute = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
  uint64_t size = attribute == nullptr ? 0 : static_cast<uint64_t>(attribute->data_size);
  if (attribute != nullptr) ntfs_attr_close(attribute);
  self_->require(ntfs_inode_close(inode) == 0, "closing a system file");
  return size;
}

void NtfsWriter::stamp_system_files(const FileTimes& times) {
  self_->leave();
  ntfs_volume* volume = self_->volume;
  // Those that the volume itself holds open must not be opened a second time.
  ntfs_inode* const held[] = {volume->mft_ni, volume->mftmirr_ni, volume->vol_ni, volume->lcnbmp_ni,
                              volume->secure_ni};
  for (uint64_t record = 0; record < 27; ++record) {
    if (record >= 12 && record < 24) continue;  // reserved, without names
    ntfs_inode* inode = nullptr;
    for (ntfs_inode* candidate : held)
      if (candidate != nullptr && candidate->mft_no == record) inode = candidate;
    bool own = inode == nullptr;
    if (own) inode = self_->open(record);
    self_->stamp(inode, times);
    NInoFileNameSetDirty(inode);
    ntfs_inode_mark_dirty(inode);
    if (own) {
      self_->require(ntfs_inode_close(inode) == 0, "closing a system file");
    } else {
      self_->require(ntfs_inode_sync(inode) == 0, "writing a system file back");
    }
  }
}

void NtfsWriter::set_dirty_flag() {
  self_->leave();
  le16 flags = static_cast<le16>(self_->volume->flags | VOLUME_IS_DIRTY);
  self_->require(ntfs_volume_write_flags(self_->volume, flags) == 0, "setting the dirty flag");
}

ByteVector NtfsWriter::used_clusters() {
  self_->leave();
  ByteVector bitmap(static_cast<size_t>((cluster_count() + 7) / 8));
  s64 length = static_cast<s64>(bitmap.size());
  self_->require(ntfs_attr_pread(self_->volume->lcnbmp_na, 0, length, bitmap.data()) == length,
                 "reading $Bitmap");
  return bitmap;
}

void NtfsWriter::close() {
  self_->leave();
  ntfs_volume* volume = self_->volume;
  self_->volume = nullptr;
  self_->require(ntfs_umount(volume, FALSE) == 0, "closing the volume");
  if (self_->window.error != nullptr) std::rethrow_exception(self_->window.error);
}

}  // namespace mend::brokenpc
