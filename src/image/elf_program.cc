// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/elf_program.h"

#include "base/error.h"

namespace mend::image {
namespace {

constexpr std::string_view kElf64(
    "\x7F"
    "ELF\x02\x01",
    6);
constexpr uint64_t kType = 0x10;          // u16: 2: program, 3: one that can be anywhere
constexpr uint64_t kMachine = 0x12;       // u16
constexpr uint64_t kProgramTable = 0x20;  // u64
constexpr uint64_t kProgramEntry = 0x36;  // u16: bytes of an entry
constexpr uint64_t kProgramCount = 0x38;  // u16
constexpr uint16_t kX86_64 = 62;
constexpr uint32_t kInterpreter = 3;  // PT_INTERP, a u32 at the start of an entry

}  // namespace

bool is_static_program(Bytes file) {
  try {
    if (!as_text(file).starts_with(kElf64) || read_le<uint16_t>(file, kMachine) != kX86_64) return false;
    const auto type = read_le<uint16_t>(file, kType);
    if (type != 2 && type != 3) return false;
    const auto table = read_le<uint64_t>(file, kProgramTable);
    const uint64_t entry = read_le<uint16_t>(file, kProgramEntry);
    const uint64_t count = read_le<uint16_t>(file, kProgramCount);
    const Bytes entries = slice(file, table, entry * count);
    for (uint64_t i = 0; i < count; ++i)
      if (read_le<uint32_t>(entries, i * entry) == kInterpreter) return false;
    return count > 0;
  } catch (const Error&) {  // a field that points outside
    return false;
  }
}

}  // namespace mend::image
