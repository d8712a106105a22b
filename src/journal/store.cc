// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "block/file_device.h"

namespace mend::journal {
namespace {

// Closes in the end; errors of importance have shown before.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string DirectoryStore::path_of(const std::string& name) const {
  return directory_ + "/" + name;
}

std::unique_ptr<block::BlockDevice> DirectoryStore::create(const std::string& name, uint64_t size_bytes) {
  const std::string path = path_of(name);
  {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) {
      const int cause = errno;
      if (cause == EEXIST) {
        throw Error(ErrorCode::kRefused, "journal.store.exists",
                    path + " is there already; a journal is never overwritten");
      }
      throw_errno("journal.store.create", "cannot create the journal " + path, cause);
    }
    if (::ftruncate(file.get(), static_cast<off_t>(size_bytes)) != 0 || ::fsync(file.get()) != 0) {
      const int cause = errno;
      ::unlink(path.c_str());
      throw_errno("journal.store.size",
                  "cannot make the journal " + path + " " + std::to_string(size_bytes) + " bytes long",
                  cause);
    }
  }
  return block::FileDevice::open(path, block::Access::kReadWrite);
}

std::unique_ptr<block::BlockDevice> DirectoryStore::open(const std::string& name) {
  const std::string path = path_of(name);
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0) return nullptr;
  const bool writable = ::access(path.c_str(), W_OK) == 0;
  return block::FileDevice::open(path, writable ? block::Access::kReadWrite : block::Access::kRead);
}

void DirectoryStore::sync() {
  const Descriptor directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) throw_errno("journal.store.directory", "cannot open " + directory_, errno);
  if (::fsync(directory.get()) == 0) return;
  // Some file systems do not know fsync of a directory; syncing all of the file system does the same.
  if (errno != EINVAL || ::syncfs(directory.get()) != 0)
    throw_errno("journal.store.sync", "cannot make the entries of " + directory_ + " durable", errno);
}

void DirectoryStore::remove(const std::string& name) {
  if (::unlink(path_of(name).c_str()) != 0)
    throw_errno("journal.store.remove", "cannot remove " + path_of(name), errno);
}

std::vector<std::string> DirectoryStore::names() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(directory_.c_str()), &::closedir);
  std::vector<std::string> names;
  if (directory == nullptr) {
    if (errno == ENOENT) return names;
    throw_errno("journal.store.list", "cannot list " + directory_, errno);
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..")
      names.emplace_back(entry->d_name);
  }
  if (errno != 0) throw_errno("journal.store.readdir", "cannot list " + directory_, errno);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace mend::journal
