// SPDX-License-Identifier: GPL-3.0-or-later
// Small ELF files: a kernel module that holds nothing but what it says of itself, and a program's header.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace mend::image::test {

inline void put_text(ByteVector& to, std::string_view text) {
  to.insert(to.end(), text.begin(), text.end());
}

inline ByteVector elf_header(uint16_t type) {
  ByteVector file(0x40);
  const std::string_view identity(
      "\x7F"
      "ELF\x02\x01\x01",
      7);
  std::copy(identity.begin(), identity.end(), file.begin());
  write_le<uint16_t>(file, 0x10, type);
  write_le<uint16_t>(file, 0x12, 62);  // x86-64
  write_le<uint32_t>(file, 0x14, 1);
  write_le<uint16_t>(file, 0x34, 0x40);
  return file;
}

// `texts`: "alias=pci:*", "depends=a,b", ...
inline ByteVector kernel_module(const std::vector<std::string>& texts) {
  ByteVector file = elf_header(1);
  const size_t info = file.size();
  for (const std::string& text : texts) put_text(file, text + '\0');
  const size_t names = file.size();
  put_text(file, std::string_view("\0.modinfo\0.shstrtab\0", 20));
  const size_t table = align_up(file.size(), 8);
  file.resize(table + 3 * size_t{0x40});
  const auto section = [&](size_t index, uint32_t name, uint32_t type, size_t offset, size_t size) {
    const size_t at = table + index * 0x40;
    write_le<uint32_t>(file, at, name);
    write_le<uint32_t>(file, at + 4, type);
    write_le<uint64_t>(file, at + 0x18, offset);
    write_le<uint64_t>(file, at + 0x20, size);
    write_le<uint64_t>(file, at + 0x30, 1);
  };
  section(1, 1, 1, info, names - info);
  section(2, 10, 3, names, 20);
  write_le<uint64_t>(file, 0x28, table);
  write_le<uint16_t>(file, 0x3A, 0x40);
  write_le<uint16_t>(file, 0x3C, 3);
  write_le<uint16_t>(file, 0x3E, 2);
  return file;
}

// A program with one entry in its table of segments; 1 is one to load, 3 names an interpreter.
inline ByteVector program_with_segment(uint32_t segment_type) {
  ByteVector file = elf_header(3);
  write_le<uint64_t>(file, 0x20, 0x40);
  write_le<uint16_t>(file, 0x36, 0x38);
  write_le<uint16_t>(file, 0x38, 1);
  file.resize(0x40 + 0x38);
  write_le<uint32_t>(file, 0x40, segment_type);
  return file;
}

}  // namespace mend::image::test
