// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/modinfo.h"

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace mend::image {
namespace {

// The header of a 64-bit little-endian ELF file, and of its sections.
constexpr uint64_t kIdentity = 0x00;           // 7F 'E' 'L' 'F', class 2 (64 bits), data 1 (little-endian)
constexpr uint64_t kSectionTable = 0x28;       // u64
constexpr uint64_t kSectionEntryBytes = 0x3A;  // u16
constexpr uint64_t kSectionCount = 0x3C;       // u16
constexpr uint64_t kSectionOfNames = 0x3E;     // u16
constexpr uint64_t kSectionName = 0x00;        // u32, offset in the section of names
constexpr uint64_t kSectionOffset = 0x18;      // u64
constexpr uint64_t kSectionSize = 0x20;        // u64
constexpr uint64_t kSectionHeaderBytes = 0x40;
constexpr std::string_view kElf(
    "\x7F"
    "ELF\x02\x01",
    6);

[[noreturn]] void throw_not_a_module() {
  throw Error(ErrorCode::kCorrupt, "image.modinfo.elf", "this is no kernel module for x86-64");
}

std::string_view text_at(Bytes bytes, uint64_t offset) {
  if (offset > bytes.size()) throw_not_a_module();
  const std::string_view rest = as_text(bytes).substr(static_cast<size_t>(offset));
  return rest.substr(0, rest.find('\0'));
}

Bytes section_content(Bytes module, Bytes header) {
  return slice(module, read_le<uint64_t>(header, kSectionOffset), read_le<uint64_t>(header, kSectionSize));
}

std::optional<Bytes> find_section(Bytes module, std::string_view wanted) {
  const auto table = read_le<uint64_t>(module, kSectionTable);
  const auto count = read_le<uint16_t>(module, kSectionCount);
  const auto of_names = read_le<uint16_t>(module, kSectionOfNames);
  if (read_le<uint16_t>(module, kSectionEntryBytes) != kSectionHeaderBytes || of_names >= count)
    throw_not_a_module();
  const Bytes headers = slice(module, table, count * kSectionHeaderBytes);
  const auto header = [&](uint64_t i) {
    return slice(headers, i * kSectionHeaderBytes, kSectionHeaderBytes);
  };
  const Bytes names = section_content(module, header(of_names));
  for (uint64_t i = 0; i < count; ++i)
    if (text_at(names, read_le<uint32_t>(header(i), kSectionName)) == wanted)
      return section_content(module, header(i));
  return std::nullopt;
}

}  // namespace

ModuleInfo ModuleInfo::parse(Bytes module) {
  if (!as_text(module).substr(kIdentity).starts_with(kElf)) throw_not_a_module();
  const std::optional<Bytes> section = find_section(module, ".modinfo");
  if (!section) throw_not_a_module();
  ModuleInfo info;
  std::string_view rest = as_text(*section);
  while (!rest.empty()) {
    const std::string_view text = rest.substr(0, rest.find('\0'));
    if (const size_t equal = text.find('='); equal != std::string_view::npos)
      info.pairs_.emplace_back(text.substr(0, equal), text.substr(equal + 1));
    rest.remove_prefix(std::min(text.size() + 1, rest.size()));
  }
  return info;
}

std::vector<std::string> ModuleInfo::values(std::string_view key) const {
  std::vector<std::string> found;
  for (const auto& [name, value] : pairs_)
    if (name == key) found.push_back(value);
  return found;
}

std::string module_name(std::string_view text) {
  std::string name(text);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace mend::image
