// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/copies.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "image/files.h"

namespace mend::report {
namespace {

namespace fs = std::filesystem;

constexpr int kMostNames = 1000;

// From the disk as far as the kernel lets us, not from its cache.
crypto::Sha256Digest hash_on_disk(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }
  return image::hash_file(path);
}

// "a.jsonl", "a.2.jsonl", "a.3.jsonl": the suffix stays what it is.
std::string numbered(const std::string& name, int number) {
  if (number == 1) return name;
  const size_t dot = name.ends_with(".sealed") ? name.rfind('.', name.rfind('.') - 1) : name.rfind('.');
  return fmt::format("{}.{}{}", name.substr(0, dot), number, name.substr(dot));
}

class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0) throw_errno("report.copies.create", "cannot create " + printable(path_), errno);
  }
  ~NewFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!kept_) ::unlink(path_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(Bytes bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0)
        throw_errno("report.copies.write", "cannot write " + printable(path_), put < 0 ? errno : ENOSPC);
      bytes = bytes.subspan(static_cast<size_t>(put));
    }
  }
  void finish() {
    const int result = ::fsync(fd_);
    const int cause = errno;
    ::close(std::exchange(fd_, -1));
    if (result != 0) throw_errno("report.copies.flush", "cannot flush " + printable(path_), cause);
  }
  // False when there is a file of that name. link() is refused by FAT, and renaming without replacing by
  // others.
  bool take_name(const std::string& path) {
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0)
      return kept_ = true;
    if (errno == EEXIST) return false;
    if (::link(path_.c_str(), path.c_str()) == 0) return true;
    if (errno == EEXIST) return false;
    throw_errno("report.copies.name", "cannot name the copy " + printable(path), errno);
  }

 private:
  std::string path_;
  int fd_ = -1;
  bool kept_ = false;
};

}  // namespace

Copies::Copies(std::string folder) : folder_(std::move(folder)) {
  image::make_folders(folder_);
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
    const bool is_part = entry.path().filename().string().starts_with('.');  // left by a crash
    if (!is_part && entry.is_regular_file(error))
      by_size_.emplace(entry.file_size(error), entry.path().string());
  }
  if (error)
    throw Error(ErrorCode::kIo, "report.copies.folder", "cannot read the folder " + printable(folder_));
}

Copies::Copy Copies::put(const std::string& name, uint64_t size_bytes, const crypto::Sha256Digest& sha256,
                         const Read& read) {
  const auto [first, last] = by_size_.equal_range(size_bytes);
  for (auto same = first; same != last; ++same) {
    if (hash_on_disk(same->second) == sha256) return {same->second, false};
  }
  std::string path = write_new(name, sha256, read);
  by_size_.emplace(size_bytes, path);
  return {path, true};
}

std::string Copies::write_new(const std::string& name, const crypto::Sha256Digest& sha256, const Read& read) {
  const std::string temporary = fmt::format("{}/.{}.{}.part", folder_, name, ::getpid());
  NewFile file(temporary);
  read([&](Bytes piece) { file.write(piece); });
  file.finish();
  if (hash_on_disk(temporary) != sha256) {
    throw Error(ErrorCode::kIo, "report.copies.differs",
                fmt::format("the copy of {} in {} is not what was read: the disk, or the stick, fails",
                            printable(name), printable(folder_)));
  }
  for (int number = 1; number <= kMostNames; ++number) {
    std::string path = folder_ + "/" + numbered(name, number);
    if (!file.take_name(path)) continue;
    image::sync_folder(folder_);
    return path;
  }
  throw Error(
      ErrorCode::kRefused, "report.copies.names",
      fmt::format("{} holds {} other files of the name {}", printable(folder_), kMostNames, printable(name)));
}

}  // namespace mend::report
