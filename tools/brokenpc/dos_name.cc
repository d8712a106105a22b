// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/dos_name.h"

#include <algorithm>
#include <cstdint>

namespace mend::brokenpc {
namespace {

char16_t upper(char16_t unit) {
  return unit >= u'a' && unit <= u'z' ? static_cast<char16_t>(unit - u'a' + u'A') : unit;
}

bool is_dos_unit(char16_t unit) {
  constexpr std::u16string_view kIllegal = u"\"*+,./:;<=>?[\\]|";
  return unit > 0x20 && unit < 0x7f && kIllegal.find(unit) == std::u16string_view::npos;
}

std::u16string keep_dos_units(std::u16string_view part, size_t limit) {
  std::u16string kept;
  for (char16_t unit : part) {
    if (unit == u' ' || unit == u'.' || unit > 0x7e) continue;
    if (kept.size() < limit) kept += is_dos_unit(unit) ? upper(unit) : u'_';
  }
  return kept;
}

std::u16string decimal(unsigned number) {
  std::string digits = std::to_string(number);
  return {digits.begin(), digits.end()};
}

// Windows mixes a checksum of the whole name in after four names that begin alike.
std::u16string checksum(std::u16string_view name) {
  uint16_t sum = 0;
  for (char16_t unit : name) sum = static_cast<uint16_t>((sum << 5) + (sum >> 11) + unit);
  constexpr std::u16string_view kDigits = u"0123456789ABCDEF";
  std::u16string text;
  for (int shift = 12; shift >= 0; shift -= 4) text += kDigits[(sum >> shift) & 0xf];
  return text;
}

}  // namespace

bool is_dos_name(std::u16string_view name) {
  size_t dot = name.find(u'.');
  std::u16string_view base = name.substr(0, dot);
  std::u16string_view extension =
      dot == std::u16string_view::npos ? std::u16string_view() : name.substr(dot + 1);
  if (dot != std::u16string_view::npos && extension.empty()) return false;
  return !base.empty() && base.size() <= 8 && extension.size() <= 3 &&
         std::all_of(base.begin(), base.end(), is_dos_unit) &&
         std::all_of(extension.begin(), extension.end(), is_dos_unit);
}

std::u16string make_dos_name(std::u16string_view name, std::set<std::u16string>& taken) {
  size_t dot = name.rfind(u'.');
  if (dot == 0) dot = std::u16string_view::npos;
  std::u16string base = keep_dos_units(name.substr(0, dot), 6);
  std::u16string extension;
  if (dot != std::u16string_view::npos) extension = keep_dos_units(name.substr(dot + 1), 3);
  if (!extension.empty()) extension.insert(0, u".");
  // Two characters and the checksum where the name has too little to begin with, or too many begin alike.
  std::u16string mixed = base.substr(0, 2) + checksum(name);
  for (unsigned number = 1;; ++number) {
    bool plain = number <= 4 && base.size() >= 3;
    std::u16string stem = plain ? base : mixed;
    std::u16string tail = u"~" + decimal(plain || base.size() < 3 ? number : number - 4);
    std::u16string candidate = stem.substr(0, 8 - tail.size()) + tail + extension;
    if (taken.insert(candidate).second) return candidate;
  }
}

}  // namespace mend::brokenpc
