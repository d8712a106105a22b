// SPDX-License-Identifier: GPL-3.0-or-later
#include "block/file_device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"

namespace mend::block {
namespace {

int open_file(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY);
  if (fd >= 0) return fd;
  const int cause = errno;
  if (cause == ENOENT) throw Error(ErrorCode::kNotFound, "block.file.missing", path + " is not there");
  if (cause == EBUSY) {
    throw Error(ErrorCode::kRefused, "block.file.busy",
                path + " is in use by this system (mounted, or claimed): unmount it first");
  }
  throw_errno("block.file.open", "cannot open " + path, cause);
}

}  // namespace

std::unique_ptr<FileDevice> FileDevice::open(const std::string& path, Access access,
                                             uint32_t sector_bytes_of_file) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 && errno == ENOENT) {
    throw Error(ErrorCode::kNotFound, "block.file.missing", path + " is not there");
  }
  std::unique_ptr<FileDevice> device(new FileDevice);
  device->path_ = path;
  device->is_block_device_ = S_ISBLK(status.st_mode);
  if (!device->is_block_device_ && !S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kUsage, "block.file.kind",
                path + " is neither a block device nor a disk image file");
  }
  device->writable_ = access == Access::kReadWrite;
  device->fd_ =
      open_file(path, (device->writable_ ? O_RDWR : O_RDONLY) | (device->is_block_device_ ? O_EXCL : 0));
  device->measure(sector_bytes_of_file);
  if (!device->is_block_device_ && ::flock(device->fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorCode::kRefused, "block.file.locked", path + " is being worked on by another program");
  }
  return device;
}

FileDevice::~FileDevice() {
  if (fd_ >= 0) ::close(fd_);
}

void FileDevice::measure(uint32_t sector_bytes_of_file) {
  if (is_block_device_) {
    int logical = 0;
    unsigned physical = 0;
    if (::ioctl(fd_, BLKGETSIZE64, &size_bytes_) != 0 || ::ioctl(fd_, BLKSSZGET, &logical) != 0) {
      throw_errno("block.file.geometry", "cannot ask " + path_ + " for its size", errno);
    }
    sector_bytes_ = static_cast<uint32_t>(logical);
    physical_block_bytes_ =
        ::ioctl(fd_, BLKPBSZGET, &physical) == 0 ? std::max(physical, sector_bytes_) : sector_bytes_;
  } else {
    struct stat status {};
    if (::fstat(fd_, &status) != 0)
      throw_errno("block.file.stat", "cannot ask for the size of " + path_, errno);
    size_bytes_ = static_cast<uint64_t>(status.st_size);
    set_sector_bytes(sector_bytes_of_file);
  }
  if (size_bytes_ == 0)
    throw Error(ErrorCode::kUsage, "block.file.empty", path_ + " is empty: no disk, or no medium in it");
}

void FileDevice::set_sector_bytes(uint32_t sector_bytes) {
  if (is_block_device_) return;
  sector_bytes_ = sector_bytes;
  physical_block_bytes_ = sector_bytes;
}

void FileDevice::make_writable() {
  if (writable_) return;
  // The read-only descriptor holds the exclusive claim or the lock, so it goes first.
  ::close(fd_);
  fd_ = -1;
  fd_ = open_file(path_, O_RDWR | (is_block_device_ ? O_EXCL : 0));
  if (!is_block_device_ && ::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorCode::kRefused, "block.file.locked", path_ + " is being worked on by another program");
  }
  const uint64_t size_before = size_bytes_;
  measure(sector_bytes_);
  if (size_bytes_ != size_before) {
    throw Error(ErrorCode::kConflict, "block.file.changed",
                path_ + " changed its size while it was being worked on");
  }
  writable_ = true;
}

void FileDevice::read(uint64_t offset, MutableBytes out) {
  check_range(offset, out.size(), "read");
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    const std::string where = std::to_string(out.size() - done) + " bytes at offset " +
                              std::to_string(offset + done) + " of " + path_;
    if (got < 0) throw_errno("block.file.read", "cannot read " + where, errno);
    if (got == 0)
      throw Error(ErrorCode::kIo, "block.file.short", "cannot read " + where + ": the file ends there");
    done += static_cast<size_t>(got);
  }
  ++reads_;
  bytes_read_ += out.size();
}

void FileDevice::forget_cached(uint64_t offset, uint64_t length) {
  ::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_DONTNEED);
}

void FileDevice::write(uint64_t offset, Bytes data) {
  check_range(offset, data.size(), "write");
  if (!writable_)
    throw Error(ErrorCode::kRefused, "block.file.readonly", path_ + " is open for reading only");
  if (failed_)
    throw Error(ErrorCode::kIo, "block.file.failed",
                path_ + " failed to flush earlier: nothing more is written");
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t put =
        ::pwrite(fd_, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      throw_errno("block.file.write",
                  "cannot write " + std::to_string(data.size() - done) + " bytes at offset " +
                      std::to_string(offset + done) + " of " + path_,
                  put < 0 ? errno : EIO);
    }
    done += static_cast<size_t>(put);
  }
  bytes_written_ += data.size();
}

void FileDevice::flush() {
  if (!writable_) return;
  if (failed_) throw Error(ErrorCode::kIo, "block.file.failed", path_ + " failed to flush earlier");
  if ((is_block_device_ ? ::fsync(fd_) : ::fdatasync(fd_)) != 0) {
    failed_ = true;
    throw_errno("block.file.flush", "cannot flush " + path_, errno);
  }
}

}  // namespace mend::block
