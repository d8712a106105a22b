// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs3g/mount.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace mend::ntfs3g {

namespace {

thread_local std::string* current_log = nullptr;

constexpr size_t kMaximumLog = 1000;

// Errors and warnings of the library, joined to one line.
int capture_log(const char*, const char*, int, u32 level, void*, const char* format, va_list arguments) {
  constexpr u32 kWanted =
      NTFS_LOG_LEVEL_WARNING | NTFS_LOG_LEVEL_ERROR | NTFS_LOG_LEVEL_PERROR | NTFS_LOG_LEVEL_CRITICAL;
  if (!current_log || (level & kWanted) == 0 || current_log->size() >= kMaximumLog) return 0;
  int error = errno;
  char line[512];
  if (std::vsnprintf(line, sizeof line, format, arguments) < 0) return 0;
  try {
    std::string_view text = trim_ascii(line);
    while (text.ends_with('.')) text.remove_suffix(1);
    if (!current_log->empty()) *current_log += "; ";
    *current_log += printable(text);
    if ((level & NTFS_LOG_LEVEL_PERROR) != 0) *current_log += std::string(" (") + std::strerror(error) + ")";
  } catch (...) {
    // Out of memory: the message is lost, the error itself is not.
  }
  errno = error;
  return 0;
}

ErrorCode code_of(int error) {
  switch (error) {
    case EOPNOTSUPP:
      return ErrorCode::kUnsupported;
    case ENOSPC:
      return ErrorCode::kRefused;
    case ENOMEM:
      return ErrorCode::kIo;
    default:
      return ErrorCode::kCorrupt;
  }
}

void forget_changes(ntfs_inode* inode) {
  if (!inode) return;
  for (int i = 0; i < inode->nr_extents; ++i) forget_changes(inode->extent_nis[i]);
  clear_state(inode->state, NI_Dirty);
  clear_state(inode->state, NI_AttrListDirty);
  clear_state(inode->state, NI_FileNameDirty);
}

// Quirk of libntfs-3g 2022.10.3: ntfs_mft_load() leaves the times of its own inode of $MFT at zero, and when
// $MFT grows the library writes them into the record. False: the record has no readable
// $STANDARD_INFORMATION.
bool load_times(ntfs_inode* inode) {
  std::unique_ptr<ntfs_attr_search_ctx, decltype(&ntfs_attr_put_search_ctx)> search(
      ntfs_attr_get_search_ctx(inode, nullptr), &ntfs_attr_put_search_ctx);
  if (!search || ntfs_attr_lookup(AT_STANDARD_INFORMATION, AT_UNNAMED, 0, CASE_SENSITIVE, 0, nullptr, 0,
                                  search.get()) != 0)
    return false;
  const auto* attribute = search->attr;
  if (le32_to_cpu(attribute->value_length) < offsetof(STANDARD_INFORMATION, reserved12)) return false;
  STANDARD_INFORMATION information{};
  std::memcpy(&information, reinterpret_cast<const char*>(attribute) + le16_to_cpu(attribute->value_offset),
              offsetof(STANDARD_INFORMATION, reserved12));
  inode->creation_time = information.creation_time;
  inode->last_data_change_time = information.last_data_change_time;
  inode->last_mft_change_time = information.last_mft_change_time;
  inode->last_access_time = information.last_access_time;
  return true;
}

// The library makes $MFT's inode by hand and leaves its times, owner and security ID at zero; when $MFT grows
// it writes those over the real ones (2022.10.3). False: no such attribute.
bool load_standard_information(ntfs_inode* inode) {
  s64 length = 0;
  std::unique_ptr<void, decltype(&std::free)> value(
      ntfs_attr_readall(inode, AT_STANDARD_INFORMATION, AT_UNNAMED, 0, &length), &std::free);
  if (!value || length < static_cast<s64>(offsetof(STANDARD_INFORMATION, v1_end))) return false;
  const auto* information = static_cast<const STANDARD_INFORMATION*>(value.get());
  inode->flags = information->file_attributes;
  inode->creation_time = information->creation_time;
  inode->last_data_change_time = information->last_data_change_time;
  inode->last_mft_change_time = information->last_mft_change_time;
  inode->last_access_time = information->last_access_time;
  if (length < static_cast<s64>(offsetof(STANDARD_INFORMATION, v3_end))) return true;
  set_state(inode->state, NI_v3_Extensions);
  inode->owner_id = information->owner_id;
  inode->security_id = information->security_id;
  inode->quota_charged = information->quota_charged;
  inode->usn = information->usn;
  return true;
}

}  // namespace

LogCapture::LogCapture(std::string& into) : previous_(current_log) {
  current_log = &into;
  ntfs_log_set_handler(capture_log);
}

LogCapture::~LogCapture() {
  current_log = previous_;
}

Mount::Mount(block::BlockDevice& below) : name_(below.describe()), device_(below) {
  LogCapture capture(log_);
  // FORENSIC: the library neither looks at the log and hiberfil.sys nor writes while it mounts. Every other
  // mode may reset the log, or fall back to read-only without a word.
  ntfs_device* device = ntfs_device_alloc(name_.c_str(), 0, CachedDevice::operations(), &device_);
  if (!device) fail("ntfs3g.mount.memory", "cannot mount " + name_);
  volume_ = ntfs_device_mount(device, NTFS_MNT_FORENSIC);
  if (!volume_) {
    int error = errno;
    ntfs_device_free(device);  // ntfs_umount would; a failed mount leaves it to us
    errno = error;
    fail("ntfs3g.mount", "libntfs-3g cannot mount the NTFS volume on " + name_);
  }
  if (!load_times(volume_->mft_ni)) {
    release();
    throw Error(ErrorCode::kCorrupt, "ntfs3g.mount.mft", "$MFT of " + name_ + " has no standard information");
  }
  ntfs_create_lru_caches(volume_);  // only ntfs_mount() does it by itself
  if (!load_standard_information(volume_->mft_ni)) {
    release();
    throw Error(ErrorCode::kCorrupt, "ntfs3g.mount.mft", "$MFT of " + name_ + " has no standard information");
  }
  if (has_state(volume_->state, NV_ReadOnly)) {
    release();
    throw Error(ErrorCode::kUnsupported, "ntfs3g.mount.read_only",
                "libntfs-3g opened " + name_ + " for reading only; nothing was changed");
  }
}

Mount::~Mount() {
  release();
}

void Mount::check_alive() const {
  device_.rethrow();
  if (closed_)
    throw Error(ErrorCode::kUsage, "ntfs3g.closed", "the NTFS volume on " + name_ + " is closed already");
  if (spoilt_)
    throw Error(
        ErrorCode::kIo, "ntfs3g.spoilt",
        "an earlier edit of the NTFS volume on " + name_ + " failed half-way; nothing of it may be written");
}

void Mount::spoil() noexcept {
  spoilt_ = true;
  device_.discard();
}

void Mount::release() noexcept {
  if (!volume_) return;
  device_.discard();
  for (ntfs_inode* inode :
       {volume_->vol_ni, volume_->lcnbmp_ni, volume_->mft_ni, volume_->mftmirr_ni, volume_->secure_ni})
    forget_changes(inode);
  ntfs_umount(volume_, FALSE);
  volume_ = nullptr;
}

void Mount::fail(const char* id, const std::string& what) {
  int error = errno;
  device_.rethrow();
  std::string text = what + ": " + std::strerror(error);
  if (!log_.empty()) text += "; the library says: " + log_;
  if (changing_) text += "; the edit stays in memory and is dropped";
  throw Error(code_of(error), id, text);
}

void Mount::sync() {
  for (ntfs_inode* inode :
       {volume_->vol_ni, volume_->lcnbmp_ni, volume_->mft_ni, volume_->mftmirr_ni, volume_->secure_ni})
    if (inode && has_state(inode->state, NI_Dirty) && ntfs_inode_sync(inode) != 0)
      fail("ntfs3g.sync.inode", "cannot write " + at(inode->mft_no));
  // Not ntfs_device_sync(): what failed in the cache is thrown as it is, not as EIO.
  device_.write_back();
}

void Mount::close() {
  begin_change();
  sync();
  ntfs_volume* volume = std::exchange(volume_, nullptr);
  closed_ = true;
  // Whatever this call returns, the volume is freed.
  if (ntfs_umount(volume, FALSE) != 0) fail("ntfs3g.close", "cannot unmount the NTFS volume on " + name_);
  device_.rethrow();
}

Inode::Inode(Mount& mount, ntfs::MftReference reference) : mount_(&mount) {
  // Without the sequence number, which the library would neither compare in its cache nor tell from damage.
  inode_ = ntfs_inode_open(mount.library(), reference.record);
  bool stale = !inode_ && errno == ENOENT;
  if (!inode_ && !stale) mount.fail("ntfs3g.inode.open", "cannot open " + mount.at(reference.record));
  if (inode_ && (this->reference() != reference || inode_->mrec->base_mft_record != 0)) {
    ntfs_inode_close(inode_);
    stale = true;
  }
  if (stale)
    throw Error(ErrorCode::kNotFound, "ntfs3g.inode.stale",
                mount.at(reference.record) + " no longer holds the file that was meant; nothing was changed");
}

Inode::Inode(Mount& mount, uint64_t system_record)
    : mount_(&mount), inode_(ntfs_inode_open(mount.library(), system_record)) {
  if (!inode_) mount.fail("ntfs3g.inode.system", "cannot open " + mount.at(system_record));
}

Inode::~Inode() {
  if (!inode_) return;
  forget_changes(inode_);
  ntfs_inode_close(inode_);
}

void Inode::set_link_count(uint16_t count) {
  inode_->mrec->link_count = cpu_to_le16(count);
  mark_dirty();
}

void Inode::mark_dirty() {
  ntfs_inode_mark_dirty(inode_);
}

void Inode::touch_record() {
  inode_->last_mft_change_time = ntfs_current_time();
  mark_dirty();
}

void Inode::touch_content_and_record() {
  touch_record();
  inode_->last_data_change_time = inode_->last_mft_change_time;
}

void Inode::close() {
  clear_state(inode_->state, NI_FileNameDirty);  // NX-3
  ntfs_inode* inode = std::exchange(inode_, nullptr);
  uint64_t record = inode->mft_no;
  if (ntfs_inode_close(inode) != 0) mount_->fail("ntfs3g.inode.close", "cannot write " + mount_->at(record));
}

AttributeSearch::AttributeSearch(Mount& mount, Inode& inode)
    : mount_(&mount), inode_(&inode), context_(ntfs_attr_get_search_ctx(inode.get(), nullptr)) {
  if (!context_) mount.fail("ntfs3g.attributes", "cannot read the attributes of " + mount.at(inode.record()));
}

bool AttributeSearch::next(ATTR_TYPES type) {
  if (ntfs_attr_lookup(type, AT_UNNAMED, 0, CASE_SENSITIVE, 0, nullptr, 0, context_) == 0) return true;
  if (errno != ENOENT)
    mount_->fail("ntfs3g.attributes.next", "cannot read the attributes of " + mount_->at(inode_->record()));
  return false;
}

bool AttributeSearch::next_of_all() {
  if (ntfs_attrs_walk(context_) == 0) return true;
  if (errno != ENOENT)
    mount_->fail("ntfs3g.attributes.walk", "cannot read the attributes of " + mount_->at(inode_->record()));
  return false;
}

Bytes AttributeSearch::value() const {
  const ATTR_RECORD* attribute = context_->attr;
  Bytes whole(reinterpret_cast<const uint8_t*>(attribute), le32_to_cpu(attribute->length));
  if (attribute->non_resident)
    throw Error(ErrorCode::kCorrupt, "ntfs3g.attributes.resident",
                mount_->at(inode_->record()) +
                    " holds an attribute outside the record that belongs inside; nothing was changed");
  return slice(whole, le16_to_cpu(attribute->value_offset), le32_to_cpu(attribute->value_length));
}

}  // namespace mend::ntfs3g
