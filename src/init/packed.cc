// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/packed.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>

#include "base/error.h"
#include "base/file.h"

namespace mend::init {
namespace {

constexpr uint64_t kMostPackedBytes = uint64_t{64} << 20;
constexpr uint64_t kMostUnpackedBytes = uint64_t{256} << 20;

// newc: "070701", then 13 numbers of 8 hexadecimal digits, the name with its zero, the content; name and
// content each end at a multiple of 4. (cpio(5), "New ASCII Format")
constexpr std::string_view kMagic = "070701";
constexpr size_t kHeadBytes = 110;
constexpr size_t kModeAt = 14;
constexpr size_t kSizeAt = 54;
constexpr size_t kNameSizeAt = 94;
constexpr std::string_view kTrailer = "TRAILER!!!";

[[noreturn]] void throw_damaged(const char* id, const std::string& what) {
  throw Error(ErrorCode::kCorrupt, id, what + ". The stick is damaged: write its image anew");
}

ByteVector decompress(Bytes packed) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > kMostUnpackedBytes)
    throw_damaged("init.packed.size", "it does not say how large it is");
  ByteVector out(static_cast<size_t>(size));
  const size_t got = ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0) throw_damaged("init.packed.zstd", ZSTD_getErrorName(got));
  if (got != out.size()) throw_damaged("init.packed.zstd", "it is shorter than it says");
  return out;
}

bool is_safe(std::string_view name) {
  while (!name.empty()) {
    const size_t slash = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == name.size()) return true;
    name.remove_prefix(slash + 1);
  }
  return false;
}

struct PackedFile {
  std::string name;
  uint32_t mode = 0;
  Bytes content;
};

class Reader {
 public:
  explicit Reader(Bytes archive) : archive_(archive) {}

  // The next entry; false at the trailer.
  bool next(PackedFile& file) {
    const Bytes head = take(kHeadBytes);
    if (as_text(head.first(kMagic.size())) != kMagic) wrong();
    file.mode = number(head, kModeAt);
    const uint32_t size = number(head, kSizeAt);
    const Bytes name = take(number(head, kNameSizeAt));
    if (name.empty() || name.back() != 0) wrong();
    file.name = as_text(name.first(name.size() - 1));
    skip_padding();
    file.content = take(size);
    skip_padding();
    if (file.name == kTrailer) return false;
    if (!is_safe(file.name)) wrong();
    return true;
  }

 private:
  [[noreturn]] void wrong() const {
    throw_damaged("init.packed.entry", fmt::format("its entry before byte {} is not understood", at_));
  }
  Bytes take(size_t count) {
    if (count > archive_.size() - at_) wrong();
    const Bytes bytes = archive_.subspan(at_, count);
    at_ += count;
    return bytes;
  }
  void skip_padding() { take((4 - at_ % 4) % 4); }
  uint32_t number(Bytes head, size_t at) const {
    const std::string_view digits = as_text(head.subspan(at, 8));
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) wrong();
    return value;
  }

  Bytes archive_;
  size_t at_ = 0;
};

void write_to(int descriptor, const std::string& path, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw_errno("init.packed.write", "cannot unpack " + path, count < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

void make(const PackedFile& file, const std::string& path) {
  constexpr uint32_t kKind = S_IFMT;
  const mode_t permissions = file.mode & 07777;
  if ((file.mode & kKind) == S_IFDIR) {
    if (::mkdir(path.c_str(), permissions) != 0 && errno != EEXIST)
      throw_errno("init.packed.write", "cannot make " + path, errno);
    return;
  }
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, permissions);
  if (descriptor < 0) throw_errno("init.packed.write", "cannot make " + path, errno);
  try {
    write_to(descriptor, path, file.content);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
}

}  // namespace

void unpack(const std::string& archive, const std::string& root) {
  try {
    const ByteVector unpacked = decompress(read_file(archive, kMostPackedBytes));
    Reader reader(unpacked);
    for (PackedFile file; reader.next(file);) make(file, fmt::format("{}/{}", root, file.name));
  } catch (Error& error) {
    error.with_context(archive);
    throw;
  }
  ::unlink(archive.c_str());
}

void PackedFiles::want(const std::string& file) {
  if (::access(file.c_str(), F_OK) == 0) return;
  std::call_once(unpacked_, [&] { unpack(archive_, root_); });
}

}  // namespace mend::init
