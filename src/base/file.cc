// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace mend {
namespace {

constexpr size_t kFirstPieceBytes = size_t{64} * 1024;

class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
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

}  // namespace

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

}  // namespace mend
