// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/content.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"

namespace mend::image {
namespace {

constexpr size_t kPieceBytes = size_t{256} * 1024;

void read_pieces(int fd, const Content& content, const std::function<void(Bytes)>& take) {
  ByteVector buffer(static_cast<size_t>(std::min<uint64_t>(kPieceBytes, content.size_bytes())));
  for (uint64_t done = 0; done < content.size_bytes();) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(buffer.size(), content.size_bytes() - done));
    const ssize_t got =
        ::pread(fd, buffer.data(), wanted, static_cast<off_t>(content.offset_in_file() + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("image.content.read", "cannot read " + content.path(), errno);
    if (got == 0) {
      throw Error(ErrorCode::kIo, "image.content.short",
                  fmt::format("{} has become shorter: {} bytes were expected", content.path(),
                              content.offset_in_file() + content.size_bytes()));
    }
    take(Bytes(buffer).first(static_cast<size_t>(got)));
    done += static_cast<uint64_t>(got);
  }
}

void zero_pieces(uint64_t size_bytes, const std::function<void(Bytes)>& take) {
  static const ByteVector zeros(kPieceBytes);
  for (uint64_t left = size_bytes; left != 0;) {
    const size_t piece = static_cast<size_t>(std::min<uint64_t>(zeros.size(), left));
    take(Bytes(zeros).first(piece));
    left -= piece;
  }
}

}  // namespace

Content Content::zeros(uint64_t size_bytes) {
  Content content;
  content.size_bytes_ = size_bytes;
  return content;
}

Content Content::memory(ByteVector bytes) {
  Content content;
  const auto owner = std::make_shared<const ByteVector>(std::move(bytes));
  content.kind_ = Kind::kMemory;
  content.size_bytes_ = owner->size();
  content.bytes_ = *owner;
  content.owner_ = owner;
  return content;
}

Content Content::memory(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return memory(ByteVector(bytes.begin(), bytes.end()));
}

Content Content::secret(Secret bytes) {
  Content content;
  const auto owner = std::make_shared<const Secret>(std::move(bytes));
  content.kind_ = Kind::kMemory;
  content.size_bytes_ = owner->size();
  content.bytes_ = owner->bytes();
  content.owner_ = owner;
  return content;
}

Content Content::file(std::string path, uint64_t offset, uint64_t size_bytes) {
  Content content;
  content.kind_ = Kind::kFile;
  content.size_bytes_ = size_bytes;
  content.path_ = std::move(path);
  content.file_offset_ = offset;
  return content;
}

Content Content::file(std::string path, std::shared_ptr<const ByteVector> held) {
  Content content = file(std::move(path), 0, held->size());
  content.bytes_ = *held;
  content.owner_ = std::move(held);
  return content;
}

void Content::for_each_piece(const std::function<void(Bytes)>& take) const {
  if (kind_ == Kind::kZeros) return zero_pieces(size_bytes_, take);
  if (kind_ == Kind::kMemory || !bytes_.empty()) return take(bytes_);
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw_errno("image.content.open", "cannot open " + path_, errno);
  try {
    read_pieces(fd, *this, take);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd);
}

std::string size_text(uint64_t bytes) {
  constexpr double kKibi = 1024;
  if (bytes < 10 * 1024) return fmt::format("{} bytes", bytes);
  if (bytes < kMiB) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / kKibi);
  if (bytes < 1024 * kMiB) return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (kKibi * kKibi));
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (kKibi * kKibi * kKibi));
}

}  // namespace mend::image
