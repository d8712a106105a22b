// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace mend {
namespace {

constexpr size_t kFirstPieceBytes = size_t{64} * 1024;

class Descriptor {
 public:
  explicit Descriptor(const std::string& path, int flags = O_RDONLY, mode_t mode = 0)
      : value_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

std::string in_quotes(const std::string& path) {
  return "'" + printable(path) + "'";
}

[[noreturn]] void throw_too_large(const std::string& path, uint64_t limit_bytes, uint64_t size_bytes) {
  const std::string size = size_bytes > limit_bytes ? std::to_string(size_bytes) + " bytes" : "more";
  throw Error(ErrorCode::kUsage, "base.file.size",
              in_quotes(path) + " is too large: such a file may have " + std::to_string(limit_bytes) +
                  " bytes, this one has " + size);
}

// Fills `out` from the file; the number of bytes, less than out.size() only at the file's end.
size_t read_up_to(int descriptor, MutableBytes out, const std::string& path) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = ::read(descriptor, out.data() + done, out.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno("base.file.read", "reading " + in_quotes(path), errno);
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

// The file under its hidden name; without commit() it goes again.
class HiddenFile {
 public:
  explicit HiddenFile(const std::string& path)
      : path_(path),
        hidden_(std::filesystem::path(path).replace_filename(
            "." + std::filesystem::path(path).filename().string() + "." + std::to_string(::getpid()))),
        file_(hidden_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600) {
    // One that was left behind may have another mode.
    if (file_.value() < 0 || ::fchmod(file_.value(), 0600) != 0) fail();
  }
  HiddenFile(const HiddenFile&) = delete;
  HiddenFile& operator=(const HiddenFile&) = delete;
  ~HiddenFile() {
    if (!committed_) ::unlink(hidden_.c_str());
  }

  void write(Bytes content) {
    while (!content.empty()) {
      const ssize_t count = ::write(file_.value(), content.data(), content.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) fail();
      content = content.subspan(static_cast<size_t>(count));
    }
  }

  void commit() {
    if (::fsync(file_.value()) != 0 || ::rename(hidden_.c_str(), path_.c_str()) != 0) fail();
    committed_ = true;
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    const Descriptor directory(folder.empty() ? "." : folder.string(), O_RDONLY | O_DIRECTORY);
    if (directory.value() < 0 || ::fsync(directory.value()) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const { throw_errno("base.file.write", "writing " + in_quotes(path_), errno); }

  std::string path_, hidden_;
  Descriptor file_;
  bool committed_ = false;
};

}  // namespace

void write_secret_file(const std::string& path, Bytes content) {
  HiddenFile file(path);
  file.write(content);
  file.commit();
}

Secret read_secret_file(const std::string& path, uint64_t limit_bytes) {
  const Descriptor file(path);
  struct stat status {};
  if (file.value() < 0 || ::fstat(file.value(), &status) != 0) {
    const std::error_code why(errno, std::generic_category());
    throw Error(ErrorCode::kUsage, "base.file.open", in_quotes(path) + " cannot be opened: " + why.message());
  }
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::kUsage, "base.file.directory", in_quotes(path) + " is a directory, not a file");
  }
  size_t room = kFirstPieceBytes;
  if (S_ISREG(status.st_mode)) {
    const auto size = static_cast<uint64_t>(status.st_size);
    if (size > limit_bytes) throw_too_large(path, limit_bytes, size);
    room = static_cast<size_t>(size) + 1;  // one more, so that the end is seen with it
  }
  Secret content(room);
  size_t size = read_up_to(file.value(), content.bytes(), path);
  while (size == content.size()) {  // a pipe, or a file that grows
    if (size > limit_bytes) throw_too_large(path, limit_bytes, 0);
    Secret larger(static_cast<size_t>(std::min<uint64_t>(uint64_t{size} * 2, limit_bytes + 1)));
    std::copy_n(content.bytes().begin(), size, larger.bytes().begin());
    content = std::move(larger);
    size += read_up_to(file.value(), content.bytes().subspan(size), path);
  }
  if (size > limit_bytes) throw_too_large(path, limit_bytes, 0);
  content.shrink(size);
  return content;
}

ByteVector read_file(const std::string& path, uint64_t limit_bytes) {
  const Secret content = read_secret_file(path, limit_bytes);
  return {content.bytes().begin(), content.bytes().end()};
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return printable(trim_ascii(line));
}

}  // namespace mend
