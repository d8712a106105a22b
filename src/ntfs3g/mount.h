// SPDX-License-Identifier: GPL-3.0-or-later
// Inside of the fence: the mounted volume, its inodes with their lifetimes, and how the library's errors
// become ours. Not for use outside src/ntfs3g.
//
// Invariants
//   NX-1  An inode is open once at a time: the library's caches break when a record is opened twice.
//   NX-2  Destroying an Inode forgets what was not closed; only close() writes.
//   NX-3  A FILE_NAME is never marked for the library to synchronise: that would rewrite the entries of all
//   hard links
//         of a file, and those of a directory in its own parent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "ntfs/change_journal.h"
#include "ntfs3g/device.h"

namespace mend::ntfs3g {

class Inode;

class Mount {
 public:
  explicit Mount(block::BlockDevice& below);
  ~Mount();
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

  ntfs_volume* library() { return volume_; }
  // Runs one public call: throws what spoilt the volume earlier; captures the library's messages; and where
  // `action` throws after begin_change(), the volume is spoilt.
  template <typename Action>
  auto run(Action&& action);
  // From here on an exception leaves a half-made edit.
  void begin_change() { changing_ = true; }

  // Throws for a library call that failed, with errno and the library's words; the device's own error where
  // there is one.
  [[noreturn]] void fail(const char* id, const std::string& what);
  std::string at(uint64_t record) const { return "record " + std::to_string(record) + " of " + name_; }
  const std::string& name() const { return name_; }

  void sync();
  void close();

  // What the edits since the last append_changes() did, as the change journal tells it, in order.
  std::vector<ntfs::Change>& changes() { return changes_; }

 private:
  void check_alive() const;
  void spoil() noexcept;
  void release() noexcept;

  std::string name_;
  CachedDevice device_;
  ntfs_volume* volume_ = nullptr;
  std::string log_;
  std::vector<ntfs::Change> changes_;
  bool changing_ = false;
  bool closed_ = false;
  bool spoilt_ = false;
};

// While it lives, the library's messages of this thread go to `into`; otherwise they are dropped. The library
// has one handler for the whole process and would write to stderr.
class LogCapture {
 public:
  explicit LogCapture(std::string& into);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

 private:
  std::string* previous_;
};

template <typename Action>
auto Mount::run(Action&& action) {
  check_alive();
  log_.clear();
  LogCapture capture(log_);
  changing_ = false;
  try {
    return action();
  } catch (...) {
    if (changing_ || device_.failed()) spoil();
    throw;
  }
}

class Inode {
 public:
  // kNotFound "ntfs3g.inode.stale" when the record is free or was reused. kRefused for a system file unless
  // `any`.
  Inode(Mount& mount, ntfs::MftReference reference);
  // A file of NTFS itself, whatever its sequence number.
  Inode(Mount& mount, uint64_t system_record);
  Inode(Mount& mount, ntfs_inode* made) : mount_(&mount), inode_(made) {}
  ~Inode();
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;

  ntfs_inode* get() const { return inode_; }
  uint64_t record() const { return inode_->mft_no; }
  ntfs::MftReference reference() const { return {record(), le16_to_cpu(inode_->mrec->sequence_number)}; }
  bool is_directory() const { return (inode_->mrec->flags & MFT_RECORD_IS_DIRECTORY) != 0; }
  uint16_t link_count() const { return le16_to_cpu(inode_->mrec->link_count); }
  void set_link_count(uint16_t count);
  // Times of change now; what the standard information says follows at close().
  void touch_record();
  void touch_content_and_record();
  void mark_dirty();
  // Writes the inode into the cache and gives it back to the library.
  void close();
  // The library has freed it.
  void forget() { inode_ = nullptr; }

 private:
  Mount* mount_;
  ntfs_inode* inode_;
};

// A row of attributes of an inode.
class AttributeSearch {
 public:
  explicit AttributeSearch(Mount& mount, Inode& inode);
  ~AttributeSearch() { ntfs_attr_put_search_ctx(context_); }
  AttributeSearch(const AttributeSearch&) = delete;
  AttributeSearch& operator=(const AttributeSearch&) = delete;

  // The next unnamed attribute of that type; false after the last.
  bool next(ATTR_TYPES type);
  // The next attribute of any type, of all records of the file.
  bool next_of_all();
  ATTR_RECORD* attribute() const { return context_->attr; }
  Bytes value() const;  // of a resident attribute
  ntfs_attr_search_ctx* context() const { return context_; }
  void restart() { ntfs_attr_reinit_search_ctx(context_); }

 private:
  Mount* mount_;
  Inode* inode_;
  ntfs_attr_search_ctx* context_;
};

}  // namespace mend::ntfs3g
