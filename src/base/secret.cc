// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.h"

namespace mend {

Secret::Secret(size_t size_bytes) {
  if (size_bytes == 0) return;
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  mapped_ = static_cast<size_t>(align_up(size_bytes, page));
  void* memory = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw_errno("base.secret.map", "cannot get memory for a key", errno);
  data_ = static_cast<uint8_t*>(memory);
  size_ = size_bytes;
  ::mlock(memory, mapped_);
  ::madvise(memory, mapped_, MADV_DONTDUMP);
}

Secret::Secret(Bytes bytes) : Secret(bytes.size()) {
  if (!bytes.empty()) ::memcpy(data_, bytes.data(), bytes.size());
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

Secret::~Secret() {
  if (data_ == nullptr) return;
  ::explicit_bzero(data_, mapped_);
  ::munmap(data_, mapped_);
}

void Secret::shrink(size_t size_bytes) {
  wipe(slice(bytes(), size_bytes, size_ - size_bytes));
  size_ = size_bytes;
}

void wipe(MutableBytes bytes) noexcept {
  ::explicit_bzero(bytes.data(), bytes.size());
}

bool equal_constant_time(Bytes a, Bytes b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace mend
