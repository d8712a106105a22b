// SPDX-License-Identifier: GPL-3.0-or-later
// Checked access to bytes that came from a disk. On-disk integers are read only through these readers.
//
// Invariants
//   B-1  No read or write outside the span: Error kCorrupt "base.bytes.bounds" instead.
//   B-2  `fits` never overflows, whatever its arguments.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mend {

using Bytes = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;
using ByteVector = std::vector<uint8_t>;

// True when [offset, offset + length) lies within [0, size).
constexpr bool fits(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

constexpr uint64_t align_down(uint64_t value, uint64_t unit) {
  return value - value % unit;
}
// REQUIRES: value + unit does not overflow.
constexpr uint64_t align_up(uint64_t value, uint64_t unit) {
  return align_down(value + unit - 1, unit);
}
constexpr bool is_power_of_two(uint64_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

[[noreturn]] void throw_out_of_bounds(uint64_t offset, uint64_t length, uint64_t size);

// The part of `bytes`, or kCorrupt.
inline Bytes slice(Bytes bytes, uint64_t offset, uint64_t length) {
  if (!fits(offset, length, bytes.size())) throw_out_of_bounds(offset, length, bytes.size());
  return bytes.subspan(static_cast<size_t>(offset), static_cast<size_t>(length));
}
inline MutableBytes slice(MutableBytes bytes, uint64_t offset, uint64_t length) {
  if (!fits(offset, length, bytes.size())) throw_out_of_bounds(offset, length, bytes.size());
  return bytes.subspan(static_cast<size_t>(offset), static_cast<size_t>(length));
}

// Little-endian integer at `offset`.
template <std::unsigned_integral T>
T read_le(Bytes bytes, uint64_t offset) {
  Bytes field = slice(bytes, offset, sizeof(T));
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= uint64_t{field[i]} << (8 * i);
  return static_cast<T>(value);
}

template <std::unsigned_integral T>
void write_le(MutableBytes bytes, uint64_t offset, std::type_identity_t<T> value) {
  MutableBytes field = slice(bytes, offset, sizeof(T));
  for (size_t i = 0; i < sizeof(T); ++i) field[i] = static_cast<uint8_t>(uint64_t{value} >> (8 * i));
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool all_zero(Bytes bytes);
bool equal(Bytes a, Bytes b);

// "0123ab", no separators.
std::string to_hex(Bytes bytes);
// Hexadecimal digits, single spaces between bytes allowed. kUsage on anything else.
ByteVector from_hex(std::string_view text);

// CRC-32 of zlib and of the FVE validation block.
uint32_t crc32(Bytes bytes);

}  // namespace mend
