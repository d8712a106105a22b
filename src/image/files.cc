// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/error.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPieceBytes = size_t{1024} * 1024;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

// 0, or the errno value of what went wrong.
int write_all(int descriptor, Bytes content) {
  for (size_t done = 0; done < content.size();) {
    const ssize_t put = ::write(descriptor, content.data() + done, content.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    done += static_cast<size_t>(put);
  }
  return ::fsync(descriptor) == 0 ? 0 : errno;
}

}  // namespace

void write_file(const std::string& path, Bytes content) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) throw_errno("image.files.create", "cannot create " + path, errno);
  const int problem = write_all(file.get(), content);
  if (problem == 0) return;
  ::unlink(path.c_str());
  throw_errno("image.files.write", "cannot write " + path + " (" + std::to_string(content.size()) + " bytes)",
              problem);
}

void sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) throw_errno("image.files.open_folder", "cannot open " + path, errno);
  if (::fsync(folder.get()) != 0 && errno != EINVAL)
    throw_errno("image.files.sync", "cannot make the entries of " + path + " durable", errno);
}

void make_folders(const std::string& path) {
  std::error_code problem;
  fs::create_directories(path, problem);
  if (problem) throw_errno("image.files.folder", "cannot make the folder " + path, problem.value());
}

crypto::Sha256Digest hash_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_errno("image.files.open", "cannot open " + path, errno);
  crypto::Sha256 hash;
  ByteVector piece(kPieceBytes);
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("image.files.read", "reading " + path, errno);
    if (got == 0) return hash.finish();
    hash.update(Bytes(piece).first(static_cast<size_t>(got)));
  }
}

std::vector<std::string> files_below(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  fs::recursive_directory_iterator entries(folder, problem);
  for (; !problem && entries != fs::recursive_directory_iterator(); entries.increment(problem)) {
    std::error_code ignored;
    if (fs::is_regular_file(entries->symlink_status(ignored)))
      names.push_back(entries->path().lexically_relative(folder).string());
  }
  if (problem) throw_errno("image.files.list", "cannot list " + folder.string(), problem.value());
  std::sort(names.begin(), names.end());
  return names;
}

Scratch::Scratch(const std::string& parent) : path_(parent + "/scratch-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr)
    throw_errno("image.files.scratch", "cannot make a folder in " + parent, errno);
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

FolderLock::FolderLock(const std::string& folder, const std::function<void()>& before_waiting)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw_errno("image.files.lock_open", "cannot open " + folder, errno);
  for (int how = LOCK_EX | LOCK_NB; ::flock(descriptor_, how) != 0;) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) {
      before_waiting();
      how = LOCK_EX;
      continue;
    }
    const int cause = errno;
    ::close(descriptor_);
    throw_errno("image.files.lock", "cannot lock " + folder, cause);
  }
}

FolderLock::~FolderLock() {
  ::close(descriptor_);
}

}  // namespace mend::image
