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
#include <cstdlib>

#include "base/error.h"

namespace mend::block {
namespace {

// What O_DIRECT asks of offsets, lengths and memory: at most this, on every disk sold.
constexpr size_t kDirectAlignment = 4096;
constexpr size_t kDirectBufferBytes = size_t{1} << 20;

bool same_file(int fd, const struct stat& expected) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 && found.st_dev == expected.st_dev && found.st_ino == expected.st_ino &&
         found.st_rdev == expected.st_rdev && (found.st_mode & S_IFMT) == (expected.st_mode & S_IFMT);
}

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
  // Asked before opening: opening a pipe or a terminal would wait, or do something.
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) throw Error(ErrorCode::kNotFound, "block.file.missing", path + " is not there");
    throw_errno("block.file.look", "cannot look at " + path, errno);
  }
  std::unique_ptr<FileDevice> device(new FileDevice);
  device->path_ = path;
  device->is_block_device_ = S_ISBLK(status.st_mode);
  if (!device->is_block_device_ && !S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kUsage, "block.file.kind",
                path + " is neither a block device nor a disk image file");
  }
  device->writable_ = access == Access::kReadWrite;
  device->claim_ = device->fd_ =
      open_file(path, (device->writable_ ? O_RDWR : O_RDONLY) | (device->is_block_device_ ? O_EXCL : 0));
  if (!same_file(device->fd_, status)) {
    throw Error(ErrorCode::kConflict, "block.file.replaced", path + " was replaced while it was opened");
  }
  if (!device->is_block_device_ && ::flock(device->claim_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(ErrorCode::kRefused, "block.file.locked", path + " is being worked on by another program");
  }
  device->measure(sector_bytes_of_file);
  return device;
}

FileDevice::~FileDevice() {
  if (fd_ >= 0 && fd_ != claim_) ::close(fd_);
  if (claim_ >= 0) ::close(claim_);
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
  // The descriptor for reading keeps the claim or the lock, so the new one asks for neither.
  struct stat status {};
  if (::fstat(claim_, &status) != 0)
    throw_errno("block.file.restat", "cannot ask " + path_ + " for its size", errno);
  const int writer = open_file(path_, O_RDWR);
  if (!same_file(writer, status)) {
    ::close(writer);
    throw Error(ErrorCode::kConflict, "block.file.changed",
                path_ + " is no longer the file or device that was read; nothing was written");
  }
  fd_ = writer;
  writable_ = true;
}

void FileDevice::read(uint64_t offset, MutableBytes out) {
  check_range(offset, out.size(), "read");
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      const int cause = errno;
      const std::string what = "cannot read " + std::to_string(out.size() - done) + " bytes at offset " +
                               std::to_string(offset + done) + " of " + path_;
      if (got < 0) throw_errno("block.file.read", what, cause);
      throw Error(ErrorCode::kIo, "block.file.short", what + ": the file ends there");
    }
    done += static_cast<size_t>(got);
  }
  ++reads_;
  bytes_read_ += out.size();
}

bool FileDevice::read_direct(uint64_t offset, MutableBytes out) {
  const int flags = ::fcntl(fd_, F_GETFL);
  if (flags < 0 || ::fcntl(fd_, F_SETFL, flags | O_DIRECT) != 0) return false;
  const std::unique_ptr<uint8_t, decltype(&std::free)> buffer(
      static_cast<uint8_t*>(std::aligned_alloc(kDirectAlignment, kDirectBufferBytes)), &std::free);
  bool done = buffer != nullptr;
  int cause = 0;
  for (uint64_t at = offset; done && at < offset + out.size();) {
    const uint64_t from = align_down(at, kDirectAlignment);
    const uint64_t skip = at - from;
    const size_t wanted =
        static_cast<size_t>(std::min<uint64_t>(offset + out.size() - at, kDirectBufferBytes - skip));
    const size_t length = static_cast<size_t>(align_up(skip + wanted, kDirectAlignment));
    const ssize_t got = ::pread(fd_, buffer.get(), length, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) cause = errno;
    // Less than asked for is the end of the file, or something for the ordinary path to look into.
    done = got >= 0 && static_cast<size_t>(got) >= skip + wanted;
    if (!done) break;
    std::copy_n(buffer.get() + skip, wanted, out.begin() + static_cast<ptrdiff_t>(at - offset));
    at += wanted;
  }
  ::fcntl(fd_, F_SETFL, flags);
  if (cause != 0 && cause != EINVAL) {
    throw_errno("block.file.direct", "cannot read at offset " + std::to_string(offset) + " of " + path_,
                cause);
  }
  return done;
}

void FileDevice::read_uncached(uint64_t offset, MutableBytes out) {
  check_range(offset, out.size(), "read");
  if (!read_direct(offset, out)) {
    forget_cached(offset, out.size());
    return read(offset, out);
  }
  ++reads_;
  bytes_read_ += out.size();
}

void FileDevice::forget_cached(uint64_t offset, uint64_t length) {
  if (!fits(offset, length, size_bytes_) || length == 0) return;
  // Pages that are covered in part would be kept.
  const uint64_t from = align_down(offset, kDirectAlignment);
  const uint64_t to = align_up(offset + length, kDirectAlignment);
  ::posix_fadvise(fd_, static_cast<off_t>(from), static_cast<off_t>(to - from), POSIX_FADV_DONTNEED);
}

void FileDevice::write(uint64_t offset, Bytes data) {
  check_range(offset, data.size(), "write");
  if (!writable_)
    throw Error(ErrorCode::kRefused, "block.file.readonly", path_ + " is open for reading only");
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
  ++writes_;
  bytes_written_ += data.size();
}

void FileDevice::flush() {
  if (!writable_) return;
  if ((is_block_device_ ? ::fsync(fd_) : ::fdatasync(fd_)) != 0) {
    throw_errno("block.file.flush", "cannot flush " + path_, errno);
  }
  ++flushes_;
}

}  // namespace mend::block
