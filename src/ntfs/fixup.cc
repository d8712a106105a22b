// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/fixup.h"

#include "ntfs/field.h"

namespace mend::ntfs {
namespace {

constexpr size_t kTail = 2;  // bytes that each stride lends to the array

// +0x04 offset of the array, +0x06 its words: the check value, then one word a stride.
struct Array {
  size_t offset = 0;
  size_t strides = 0;
};

bool find_array(Bytes block, Array& array) {
  if (block.size() < kStrideBytes || block.size() % kStrideBytes != 0) return false;
  const Struct<8> header(block, 0);
  array.offset = header.get<uint16_t, 4>();
  array.strides = block.size() / kStrideBytes;
  const size_t words = header.get<uint16_t, 6>();
  // The array ends before the first tail: it never covers a place that it restores.
  return words == array.strides + 1 && array.offset % 2 == 0 && array.offset >= 8 &&
         fits(array.offset, words * 2, kStrideBytes - kTail);
}

}  // namespace

Protection remove_fixups(MutableBytes block) {
  Array array;
  if (!find_array(block, array)) return Protection::kBadArray;
  uint8_t* const words = block.data() + array.offset;
  uint8_t* tail = block.data() + kStrideBytes - kTail;
  for (size_t i = 0; i < array.strides; ++i, tail += kStrideBytes)
    if (std::memcmp(tail, words, kTail) != 0) return Protection::kTorn;
  tail = block.data() + kStrideBytes - kTail;
  for (size_t i = 0; i < array.strides; ++i, tail += kStrideBytes)
    std::memcpy(tail, words + 2 * (i + 1), kTail);
  return Protection::kIntact;
}

void apply_fixups(MutableBytes block) {
  Array array;
  if (!find_array(block, array)) return;
  auto check = static_cast<uint16_t>(read_le<uint16_t>(block, array.offset) + 1);
  if (check == 0) check = 1;
  write_le<uint16_t>(block, array.offset, check);
  for (size_t i = 0; i < array.strides; ++i) {
    const size_t tail = (i + 1) * kStrideBytes - kTail;
    write_le<uint16_t>(block, array.offset + 2 * (i + 1), read_le<uint16_t>(block, tail));
    write_le<uint16_t>(block, tail, check);
  }
}

}  // namespace mend::ntfs
