// SPDX-License-Identifier: GPL-3.0-or-later
// Key material: locked in memory, left out of core dumps, wiped before its memory is used again or given
// back. Not copyable, no formatter. Used wherever a key, a password or something derived from one is held.
// Small ones share locked pages: a hundred thousand recovery passwords take a few megabytes.
//
// Invariants
//   S-1  The bytes are wiped when their Secret goes, is overwritten or shrinks, also when an exception
//        passes, and before the memory serves anything else.
//   S-2  The memory is never written to swap (mlock) nor to a core dump (MADV_DONTDUMP), as far as the
//        system lets us; a limit on locked memory is not an error, since a stick has no swap.
//   S-3  Secrets may be made and destroyed on any thread; one Secret is used by one thread at a time.
//   S-4  A child process, such as the one that parses a hive, finds zeros (MADV_WIPEONFORK). Key schedules in
//        OpenSSL's heap are not covered.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace mend {

class Secret {
 public:
  Secret() = default;
  explicit Secret(size_t size_bytes);  // zeroed; kIo "base.secret.map" when there is no memory
  explicit Secret(Bytes bytes);        // copies; the caller wipes its own
  explicit Secret(std::string_view text) : Secret(as_bytes(text)) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;  // what it held is wiped at once
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Bytes bytes() const { return {data_, size_}; }
  MutableBytes bytes() { return {data_, size_}; }
  std::string_view text() const { return as_text(bytes()); }
  Secret clone() const { return Secret(bytes()); }
  // Keeps the first `size_bytes`, wipes the rest. REQUIRES: not larger than size().
  void shrink(size_t size_bytes);

 private:
  void release() noexcept;

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;  // a slot of shared pages up to kLargestSlotBytes, beyond that a mapping of its own
};

// Wipes memory in a way the compiler does not remove.
void wipe(MutableBytes bytes) noexcept;
// Equal or not, in a time that depends on the sizes only.
bool equal_constant_time(Bytes a, Bytes b) noexcept;

// For containers and strings that hold a key for a moment on its way to a Secret: an allocator that wipes
// what it gives back. Not locked, since such memory lives shortly.
template <typename T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <typename U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor): rebinding
  T* allocate(size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, size_t count) noexcept {
    wipe({reinterpret_cast<uint8_t*>(memory), count * sizeof(T)});
    std::allocator<T>().deallocate(memory, count);
  }
  template <typename U>
  bool operator==(const WipingAllocator<U>&) const noexcept {
    return true;
  }
};

}  // namespace mend
