// SPDX-License-Identifier: GPL-3.0-or-later
// Key material: locked in memory, left out of core dumps, wiped before it is freed. Not copyable, no
// formatter.
//
// Invariants
//   S-1  The bytes are wiped before their memory is given back, also when an exception passes.
//   S-2  The memory is never written to swap (mlock) nor to a core dump (MADV_DONTDUMP), as far as the system
//   lets us;
//        a limit on locked memory is not an error, since a stick has no swap.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"

namespace mend {

class Secret {
 public:
  Secret() = default;
  explicit Secret(size_t size_bytes);  // zeroed
  explicit Secret(Bytes bytes);        // copies; the caller wipes its own
  explicit Secret(std::string_view text) : Secret(as_bytes(text)) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
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
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t mapped_ = 0;
};

// Wipes memory in a way the compiler does not remove.
void wipe(MutableBytes bytes) noexcept;
// Equal or not, in a time that depends on the sizes only.
bool equal_constant_time(Bytes a, Bytes b) noexcept;

}  // namespace mend
