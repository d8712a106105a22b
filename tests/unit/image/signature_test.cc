// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/signature.h"

#include "image/elf_program.h"
#include "tests/support/catch.h"
#include "tests/unit/image/elf_builder.h"

namespace mend::image {
namespace {

// A PE file's headers, and a certificate of 24 bytes at the end.
ByteVector signed_file() {
  ByteVector file(0x200);
  const std::string_view mark = "MZ", pe("PE\0\0", 4);
  std::copy(mark.begin(), mark.end(), file.begin());
  write_le<uint32_t>(file, 0x3C, 0x80);
  std::copy(pe.begin(), pe.end(), file.begin() + 0x80);
  const size_t header = 0x80 + 24;
  write_le<uint16_t>(file, header, 0x20B);
  write_le<uint32_t>(file, header + 108, 16);
  write_le<uint32_t>(file, header + 144, 0x1E8);
  write_le<uint32_t>(file, header + 148, 24);
  write_le<uint32_t>(file, 0x1E8, 24);
  write_le<uint16_t>(file, 0x1EC, 0x0200);
  write_le<uint16_t>(file, 0x1EE, 2);
  return file;
}

TEST_CASE("A signature is seen where it is, and not where anything of it is missing", "[image]") {
  const ByteVector file = signed_file();
  CHECK(is_signed_for_uefi(file));
  for (size_t length = 0; length < file.size(); ++length)
    CHECK_FALSE(is_signed_for_uefi(Bytes(file).first(length)));
  // Each field that says so: the two marks, where the headers are, the kind, and the table.
  for (const size_t at : std::initializer_list<size_t>{0x00, 0x01, 0x3C, 0x80, 0x81, 0x98, 0x99, 0x12B, 0x12C,
                                                       0x12D, 0x1EC, 0x1ED, 0x1EE, 0x1EF}) {
    ByteVector changed = file;
    changed[at] ^= 0x40;
    CHECK_FALSE(is_signed_for_uefi(changed));
  }
  ByteVector unsigned_file = file;
  write_le<uint32_t>(unsigned_file, 0x80 + 24 + 144, 0);
  write_le<uint32_t>(unsigned_file, 0x80 + 24 + 148, 0);
  CHECK_FALSE(is_signed_for_uefi(unsigned_file));
}

TEST_CASE("Only a program that needs no loader is taken onto a stick", "[image]") {
  CHECK(is_static_program(test::program_with_segment(1)));
  CHECK_FALSE(is_static_program(test::program_with_segment(3)));
  CHECK_FALSE(is_static_program(test::kernel_module({"depends="})));
  CHECK_FALSE(is_static_program(as_bytes("#!/bin/sh\n")));
  const ByteVector program = test::program_with_segment(1);
  for (size_t length = 0; length < program.size(); ++length)
    CHECK_FALSE(is_static_program(Bytes(program).first(length)));
}

}  // namespace
}  // namespace mend::image
