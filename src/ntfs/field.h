// SPDX-License-Identifier: GPL-3.0-or-later
// Fields of on-disk structures in the paths that run once per record or per name. The presence of
// the whole structure is proved once, at run time; that a field lies inside it is proved by the
// compiler.
#pragma once

#include <bit>
#include <cstring>

#include "base/bytes.h"

namespace mend::ntfs {

template <size_t Size>
class Struct {
 public:
  // kCorrupt "base.bytes.bounds" unless [offset, offset + Size) lies inside `bytes`.
  Struct(Bytes bytes, uint64_t offset) : data_(slice(bytes, offset, Size).data()) {}

  template <std::unsigned_integral T, size_t Offset>
  T get() const {
    static_assert(Offset + sizeof(T) <= Size);
    if constexpr (std::endian::native == std::endian::little) {
      T value;
      std::memcpy(&value, data_ + Offset, sizeof(T));
      return value;
    } else {
      return read_le<T>({data_, Size}, Offset);
    }
  }

 private:
  const uint8_t* data_;
};

// One UTF-16 unit of a little-endian name. REQUIRES: 2 * index + 1 < name_le.size().
inline char16_t unit_at(Bytes name_le, size_t index) {
  char16_t unit;
  std::memcpy(&unit, name_le.data() + 2 * index, sizeof unit);
  if constexpr (std::endian::native == std::endian::big)
    unit = static_cast<char16_t>((unit << 8) | (unit >> 8));
  return unit;
}

}  // namespace mend::ntfs
