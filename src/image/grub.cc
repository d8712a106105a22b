// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/grub.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "profile/stick.h"

namespace mend::image {
namespace {

// GRUB's first sector, boot.img, of GRUB 2.06 and 2.12 for i386-pc.
constexpr uint64_t kBootImageBytes = 512;
constexpr uint64_t kBootCodeBytes = 440;  // what follows in an MBR is not code
constexpr uint64_t kBpbStart = 0x03;      // of a file system, up to...
constexpr uint64_t kBpbEnd = 0x5A;        // ...here: not ours
constexpr uint64_t kCoreSector = 0x5C;    // u64: LBA of the core
constexpr uint64_t kBootDrive = 0x64;     // u8: 0xFF: the drive that the BIOS names
constexpr uint64_t kDriveCheck = 0x66;    // u16: a jump, or two NOPs: do not doubt the BIOS' drive
constexpr uint8_t kDriveOfBios = 0xFF;
constexpr uint16_t kTwoNops = 0x9090;

// The core's own first sector, diskboot.img, ends with a list of where the rest is: 12 bytes.
constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kBlockList = 500;  // u64 LBA, u16 sectors, u16 segment to load to
constexpr uint16_t kCoreSegment = 0x820;
constexpr uint64_t kCoreLba = 1;
constexpr uint64_t kMostCoreSectors = 2047;  // LBA 1 up to 1 MiB

std::string serial_of(const std::string& image_id) {
  std::string serial = image_id.substr(0, 8);
  std::transform(serial.begin(), serial.end(), serial.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return serial.size() == 8 ? serial.substr(0, 4) + "-" + serial.substr(4) : serial;
}

// U+00C0 to U+00FF as people write them on a typewriter.
constexpr std::array<std::string_view, 64> kLatin{
    "A", "A", "A", "A", "Ae", "A", "AE", "C", "E", "E", "E", "E", "I",  "I", "I",  "I",
    "D", "N", "O", "O", "O",  "O", "Oe", "x", "O", "U", "U", "U", "Ue", "Y", "Th", "ss",
    "a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i",  "i", "i",  "i",
    "d", "n", "o", "o", "o",  "o", "oe", "/", "o", "u", "u", "u", "ue", "y", "th", "y",
};

std::string_view in_ascii(char32_t character) {
  if (character >= 0xC0 && character <= 0xFF) return kLatin.at(character - 0xC0);
  switch (character) {
    case 0x2013:
    case 0x2014:
      return "-";
    case 0x2018:
    case 0x2019:
      return "'";
    case 0x201C:
    case 0x201D:
    case 0x201E:
      return "\"";
    case 0x2026:
      return "...";
    default:
      return "?";
  }
}

// The text mode of a BIOS shows '?' for anything else, and some firmware leaves it out.
std::string in_ascii(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const DecodedCharacter character = decode_utf8(text, at);
    out +=
        character.code_point < 0x80 ? std::string_view(text).substr(at, 1) : in_ascii(character.code_point);
    at += std::max<size_t>(character.length, 1);
  }
  return out;
}

std::string title_of(profile::Mode mode) {
  switch (mode) {
    case profile::Mode::kAuto:
      return "Repair this PC";
    case profile::Mode::kAsk:
      return "Repair this PC, and ask before anything is changed";
    case profile::Mode::kScan:
      return "Look only: nothing is changed";
  }
  return {};
}

}  // namespace

std::string escape_for_menu(std::string_view text) {
  // Between single quotes GRUB expands nothing; only the quote itself has to leave them for a moment.
  std::string out;
  for (const char c : in_ascii(printable(text))) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out;
}

std::string fill_menu(std::string_view menu_template, const MenuText& text) {
  const std::map<std::string_view, std::string> values{
      {"ID", escape_for_menu(text.image_id)},
      {"SERIAL", escape_for_menu(serial_of(text.image_id))},
      {"CUSTOMER", escape_for_menu(text.customer)},
      {"INCIDENT", escape_for_menu(text.incident)},
      {"BUILT", escape_for_menu(text.built)},
      {"TITLE", title_of(text.mode)},
      {"SHELL", text.shell ? "/" + std::string(stick::kShell) : ""},
      {"MODE_ARGUMENT", "mendstick.mode=" + std::string(profile::to_string(text.mode))},
  };
  std::string out;
  while (!menu_template.empty()) {
    const size_t at = menu_template.find('@');
    out += menu_template.substr(0, at);
    if (at == std::string_view::npos) break;
    menu_template.remove_prefix(at + 1);
    const size_t end = menu_template.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    if (end == std::string_view::npos || end == 0 || menu_template[end] != '@') {
      out += '@';  // one that stands for itself
      continue;
    }
    const std::string name(menu_template.substr(0, end));
    const auto value = values.find(name);
    if (value == values.end())
      throw Error(ErrorCode::kCorrupt, "image.grub.placeholder",
                  "the menu's template (grub.cfg) has @" + name + "@, which stands for nothing");
    out += value->second;
    menu_template.remove_prefix(end + 1);
  }
  return out;
}

const std::vector<std::string>& bios_core_modules() {
  static const std::vector<std::string> modules{"biosdisk", "part_msdos", "fat",   "normal", "configfile",
                                                "linux",    "echo",       "test",  "search", "search_fs_uuid",
                                                "serial",   "terminal",   "sleep", "true"};
  return modules;
}

ByteVector make_boot_sector_code(Bytes boot_image) {
  if (boot_image.size() != kBootImageBytes || read_le<uint16_t>(boot_image, 510) != 0xAA55)
    throw Error(ErrorCode::kCorrupt, "image.grub.boot",
                "boot.img of the package grub-pc-bin is not a boot sector of 512 bytes");
  ByteVector code(boot_image.begin(), boot_image.begin() + kBootCodeBytes);
  std::fill(code.begin() + kBpbStart, code.begin() + kBpbEnd, uint8_t{0});
  write_le<uint64_t>(code, kCoreSector, kCoreLba);
  code[kBootDrive] = kDriveOfBios;
  write_le<uint16_t>(code, kDriveCheck, kTwoNops);
  return code;
}

ByteVector place_core(Bytes core_image) {
  const uint64_t sectors = align_up(core_image.size(), kSectorBytes) / kSectorBytes;
  if (sectors < 2 || sectors > kMostCoreSectors)
    throw Error(ErrorCode::kCorrupt, "image.grub.core",
                "GRUB's core has " + std::to_string(core_image.size()) +
                    " bytes; it has to fit between the MBR and 1 MiB");
  ByteVector core(core_image.begin(), core_image.end());
  core.resize(sectors * kSectorBytes);
  write_le<uint64_t>(core, kBlockList, kCoreLba + 1);
  write_le<uint16_t>(core, kBlockList + 8, static_cast<uint16_t>(sectors - 1));
  write_le<uint16_t>(core, kBlockList + 10, kCoreSegment);
  return core;
}

}  // namespace mend::image
