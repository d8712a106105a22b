// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace mend::image {
namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// Hidden and with an ending of its own, so that nobody takes it for an image.
std::string temporary_name(const std::string& folder, const std::string& name) {
  static std::atomic<unsigned> count{0};
  return fmt::format("{}.{}.{}-{}.part", folder, name, ::getpid(), ++count);
}

void check_space(const std::string& path, uint64_t bytes_to_write) {
  struct statvfs space {};
  if (::statvfs(folder_of(path).c_str(), &space) != 0) return;  // creating the file says what is wrong
  const uint64_t free_bytes = uint64_t{space.f_bavail} * space.f_frsize;
  if (free_bytes >= bytes_to_write) return;
  throw Error(ErrorCode::kRefused, "image.output.space",
              fmt::format("{} needs {}, and the file system has {} left", path, size_text(bytes_to_write),
                          size_text(free_bytes)));
}

}  // namespace

OutputFile::OutputFile(std::string path, uint64_t bytes_to_write) : path_(std::move(path)) {
  const std::string name = name_of(path_);
  if (name.empty()) throw Error(ErrorCode::kUsage, "image.output.name", path_ + " is no file name");
  check_space(path_, bytes_to_write);
  do {
    temporary_ = temporary_name(folder_of(path_) + "/", name);
    fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (fd_ < 0 && errno == EEXIST);
  if (fd_ >= 0) return;
  const int cause = errno;
  temporary_.clear();
  if (cause == ENOENT || cause == ENOTDIR) {
    throw Error(ErrorCode::kUsage, "image.output.folder",
                fmt::format("cannot make {}: the folder {} is not there", path_, folder_of(path_)));
  }
  throw_errno("image.output.create", "cannot make a file in the folder " + folder_of(path_), cause);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)),
      synced_(other.synced_),
      shared_bytes_(other.shared_bytes_) {}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::fail(const char* id, const char* what, int cause) const {
  if (cause == ENOSPC || cause == EDQUOT) {
    throw Error(ErrorCode::kRefused, "image.output.full",
                fmt::format("cannot {} {}: the file system became full", what, path_));
  }
  throw_errno(id, fmt::format("cannot {} {}", what, path_), cause);
}

void OutputFile::set_size(uint64_t size_bytes) {
  if (::ftruncate(fd_, static_cast<off_t>(size_bytes)) != 0)
    fail("image.output.size", "give a size to", errno);
}

void OutputFile::write_bytes(uint64_t offset, Bytes bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t put =
        ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail("image.output.write", "write", put < 0 ? errno : EIO);
    done += static_cast<size_t>(put);
  }
}

// How many bytes now share their blocks: whole blocks, or none.
uint64_t OutputFile::share(int source, uint64_t source_offset, uint64_t offset, uint64_t length) {
  struct file_clone_range range {};
  range.src_fd = source;
  range.src_offset = source_offset;
  range.src_length = align_down(length, kBlockBytes);  // the tail would need the ends of both files
  range.dest_offset = offset;
  if (range.src_length == 0 || ::ioctl(fd_, FICLONERANGE, &range) != 0) return 0;
  shared_bytes_ += range.src_length;
  return range.src_length;
}

// How many bytes the kernel has copied; it may refuse at any point.
uint64_t OutputFile::copy_in_kernel(int source, uint64_t source_offset, uint64_t offset, uint64_t length) {
  off64_t from = static_cast<off64_t>(source_offset);
  off64_t to = static_cast<off64_t>(offset);
  uint64_t done = 0;
  while (done < length) {
    const ssize_t copied = ::copy_file_range(source, &from, fd_, &to, length - done, 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && (errno == ENOSPC || errno == EDQUOT)) fail("image.output.copy", "write", errno);
    if (copied <= 0) break;
    done += static_cast<uint64_t>(copied);
  }
  return done;
}

void OutputFile::write_from(int source, uint64_t offset, const Content& content) {
  uint64_t done = share(source, content.offset_in_file(), offset, content.size_bytes());
  // One copy out of memory; the kernel's own goes through a pipe.
  if (!content.bytes().empty()) return write_bytes(offset + done, content.bytes().subspan(done));
  done += copy_in_kernel(source, content.offset_in_file() + done, offset + done, content.size_bytes() - done);
  if (done == content.size_bytes()) return;
  const Content rest =
      Content::file(content.path(), content.offset_in_file() + done, content.size_bytes() - done);
  uint64_t at = offset + done;
  rest.for_each_piece([&](Bytes piece) {
    write_bytes(at, piece);
    at += piece.size();
  });
}

void OutputFile::write(uint64_t offset, const Content& content) {
  if (content.kind() == Content::Kind::kMemory) return write_bytes(offset, content.bytes());
  if (content.kind() == Content::Kind::kZeros) return;
  const int source = ::open(content.path().c_str(), O_RDONLY | O_CLOEXEC);
  if (source < 0) throw_errno("image.output.source", "cannot open " + content.path(), errno);
  try {
    write_from(source, offset, content);
  } catch (...) {
    ::close(source);
    throw;
  }
  ::close(source);
}

void OutputFile::sync() {
  if (::fsync(fd_) != 0) fail("image.output.sync", "flush", errno);
  synced_ = true;
}

void OutputFile::commit() {
  if (!synced_) sync();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    fail("image.output.rename", "give its name to", errno);
  temporary_.clear();
  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;  // the name is there; whether it outlives a power cut is the file system's affair
  ::fsync(folder);
  ::close(folder);
}

OutputFile write_text(const std::string& path, std::string_view text) {
  OutputFile file(path, text.size());
  file.write(0, Content::memory(text));
  return file;
}

}  // namespace mend::image
