// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/image_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace mend::brokenpc {
namespace {

constexpr uint64_t kCopyBytes = 1 << 20;
constexpr uint64_t kHoleBytes = 4096;

off_t to_offset(uint64_t offset) {
  return static_cast<off_t>(offset);
}

}  // namespace

ImageFile::ImageFile(std::string path, int fd, uint64_t size_bytes)
    : path_(std::move(path)), fd_(fd), size_bytes_(size_bytes) {}

ImageFile::ImageFile(ImageFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(other.fd_), size_bytes_(other.size_bytes_) {
  other.fd_ = -1;
}

ImageFile::~ImageFile() {
  if (fd_ >= 0) ::close(fd_);
}

ImageFile ImageFile::create(const std::string& path, uint64_t size_bytes) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) throw_errno("brokenpc.file.create", path, errno);
  ImageFile file(path, fd, size_bytes);
  if (::ftruncate(fd, to_offset(size_bytes)) != 0) throw_errno("brokenpc.file.size", path, errno);
  return file;
}

ImageFile ImageFile::open(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) throw_errno("brokenpc.file.open", path, errno);
  ImageFile file(path, fd, 0);
  struct stat info {};
  if (::fstat(fd, &info) != 0) throw_errno("brokenpc.file.stat", path, errno);
  file.size_bytes_ = static_cast<uint64_t>(info.st_size);
  return file;
}

void ImageFile::read(uint64_t offset, MutableBytes out) const {
  if (!fits(offset, out.size(), size_bytes_)) throw_out_of_bounds(offset, out.size(), size_bytes_);
  while (!out.empty()) {
    ssize_t done = ::pread(fd_, out.data(), out.size(), to_offset(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw_errno("brokenpc.file.read", path_, done == 0 ? EIO : errno);
    out = out.subspan(static_cast<size_t>(done));
    offset += static_cast<uint64_t>(done);
  }
}

void ImageFile::write(uint64_t offset, Bytes data) {
  if (!fits(offset, data.size(), size_bytes_)) throw_out_of_bounds(offset, data.size(), size_bytes_);
  while (!data.empty()) {
    ssize_t done = ::pwrite(fd_, data.data(), data.size(), to_offset(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw_errno("brokenpc.file.write", path_, done == 0 ? ENOSPC : errno);
    data = data.subspan(static_cast<size_t>(done));
    offset += static_cast<uint64_t>(done);
  }
}

void ImageFile::discard(uint64_t offset, uint64_t length) {
  if (!fits(offset, length, size_bytes_)) throw_out_of_bounds(offset, length, size_bytes_);
  int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(fd_, mode, to_offset(offset), to_offset(length)) == 0) return;
  if (errno != EOPNOTSUPP) throw_errno("brokenpc.file.discard", path_, errno);
  ByteVector block(kHoleBytes);
  for (uint64_t at = 0; at < length; at += kHoleBytes) {
    MutableBytes piece = MutableBytes(block).first(static_cast<size_t>(std::min(kHoleBytes, length - at)));
    read(offset + at, piece);
    if (!all_zero(piece)) write(offset + at, ByteVector(piece.size()));
  }
}

void ImageFile::copy_from(const ImageFile& from, uint64_t from_offset, uint64_t to_offset_bytes,
                          uint64_t length) {
  ByteVector buffer(kCopyBytes);
  uint64_t end = from_offset + length;
  uint64_t position = from_offset;
  while (position < end) {
    off_t data = ::lseek(from.fd_, to_offset(position), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return;  // only a hole up to the end
    if (data < 0) throw_errno("brokenpc.file.seek", from.path_, errno);
    position = std::max(position, align_down(static_cast<uint64_t>(data), kHoleBytes));
    off_t hole = ::lseek(from.fd_, data, SEEK_HOLE);
    if (hole < 0) throw_errno("brokenpc.file.seek", from.path_, errno);
    uint64_t stop = std::min(static_cast<uint64_t>(hole), end);
    while (position < stop) {
      MutableBytes piece = MutableBytes(buffer).first(std::min(kCopyBytes, stop - position));
      from.read(position, piece);
      for (size_t at = 0; at < piece.size(); at += kHoleBytes) {
        Bytes block = piece.subspan(at, std::min<size_t>(kHoleBytes, piece.size() - at));
        if (!all_zero(block)) write(to_offset_bytes + (position - from_offset) + at, block);
      }
      position += piece.size();
    }
  }
}

TemporaryDirectory::TemporaryDirectory(const std::string& near) {
  std::string pattern = near + ".making-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw_errno("brokenpc.file.temporary", pattern, errno);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, Bytes data) {
  ImageFile::create(path, data.size()).write(0, data);
}

}  // namespace mend::brokenpc
