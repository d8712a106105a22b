// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/fat_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace mend::image {
namespace {

constexpr size_t kMaximumUnits = 255;
constexpr size_t kUnitsOfEntry = 13;
constexpr size_t kEntryBytes = 32;
constexpr uint8_t kLastLongEntry = 0x40;
constexpr uint8_t kLongNameAttributes = 0x0F;
// Where the 13 units of a long name's entry stand.
constexpr std::array<size_t, kUnitsOfEntry> kUnitOffsets = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};

// Upper case for the alphabets in which a customer's files are named. It may take more names for the same
// than Windows does (then the preparer is asked to rename one), never less for these.
char16_t folded(char16_t c) {
  if (c < 0x80) return c >= u'a' && c <= u'z' ? static_cast<char16_t>(c - 0x20) : c;
  if (c >= 0xE0 && c <= 0xFE && c != 0xF7) return static_cast<char16_t>(c - 0x20);
  if (c == 0xFF) return 0x178;
  if (c >= 0x100 && c <= 0x17F) {
    const bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
    const bool is_upper = ((c & 1) != 0) == odd_is_upper;
    return is_upper || c == 0x178 || c == 0x17F ? c : static_cast<char16_t>(c - 1);
  }
  if (c >= 0x3B1 && c <= 0x3C9) return static_cast<char16_t>(c - 0x20);
  if (c >= 0x430 && c <= 0x44F) return static_cast<char16_t>(c - 0x20);
  if (c >= 0x450 && c <= 0x45F) return static_cast<char16_t>(c - 0x50);
  return c;
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool is_short_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'()-@^_`{}~").find(c) != std::string_view::npos;
}

// The names that DOS gave to devices, with any extension.
bool is_device_name(std::string_view name) {
  std::string base(name.substr(0, name.find('.')));
  std::transform(base.begin(), base.end(), base.begin(), upper);
  if (base == "CON" || base == "PRN" || base == "AUX" || base == "NUL") return true;
  return base.size() == 4 && (base.rfind("COM", 0) == 0 || base.rfind("LPT", 0) == 0) && base[3] >= '1' &&
         base[3] <= '9';
}

// Letters and digits as they are, dots and spaces left out, '_' for the rest; at most `limit` of them.
std::string short_part(std::string_view text, size_t limit) {
  std::string part;
  for (size_t at = 0; at < text.size() && part.size() < limit;) {
    const DecodedCharacter character = decode_utf8(text, at);
    const char c = upper(text[at]);
    if (c != '.' && c != ' ') part.push_back(character.length == 1 && is_short_character(c) ? c : '_');
    at += std::max<size_t>(character.length, 1);
  }
  return part;
}

ShortName joined(std::string_view base, std::string_view extension) {
  ShortName name;
  name.fill(' ');
  std::copy(base.begin(), base.end(), name.begin());
  std::copy(extension.begin(), extension.end(), name.begin() + 8);
  return name;
}

uint8_t checksum(const ShortName& name) {
  uint8_t sum = 0;
  for (uint8_t c : name) sum = static_cast<uint8_t>((sum >> 1 | sum << 7) + c);
  return sum;
}

// "BOOTX64.EFI", as a directory shows it.
std::string shown(const ShortName& name) {
  const std::string_view all = as_text(name);
  const std::string_view base = trim_ascii(all.substr(0, 8));
  const std::string_view extension = trim_ascii(all.substr(8));
  return std::string(base) + (extension.empty() ? "" : ".") + std::string(extension);
}

}  // namespace

std::optional<std::string> fat_name_fault(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return "it is no name";
  std::u16string units;
  try {
    units = to_utf16(name);
  } catch (const Error&) {
    return "it is not valid UTF-8";
  }
  if (units.size() > kMaximumUnits) return fmt::format("it has more than {} characters", kMaximumUnits);
  if (printable(name) != name) return "it holds characters that cannot be shown";
  for (char16_t c : units) {
    if (c < 0x80 && std::string_view("\"*/:<>?\\|").find(static_cast<char>(c)) != std::string_view::npos)
      return fmt::format("Windows takes no name with {} in it", static_cast<char>(c));
  }
  if (name.back() == '.' || name.back() == ' ') return "Windows takes no name that ends in a dot or a space";
  if (name.front() == ' ') return "it begins with a space";
  if (is_device_name(name)) return "Windows keeps this name for a device";
  return std::nullopt;
}

std::u16string folded_fat_name(std::string_view name) {
  std::u16string units = to_utf16(name);
  std::transform(units.begin(), units.end(), units.begin(), [](char16_t c) { return folded(c); });
  return units;
}

std::optional<ShortName> plain_short_name(std::string_view name) {
  const size_t dot = std::min(name.rfind('.'), name.size());
  const std::string_view base = name.substr(0, dot);
  const std::string_view extension = name.substr(std::min(dot + 1, name.size()));
  const auto fits_as_it_is = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return is_short_character(upper(c)); });
  };
  if (base.empty() || base.size() > 8 || extension.size() > 3) return std::nullopt;
  if (dot + 1 == name.size() || !fits_as_it_is(base) || !fits_as_it_is(extension)) return std::nullopt;
  return joined(short_part(base, 8), short_part(extension, 3));
}

ShortName numbered_short_name(std::string_view name, std::set<ShortName>& taken) {
  const std::string_view visible = name.substr(std::min(name.find_first_not_of('.'), name.size()));
  const size_t dot = std::min(visible.rfind('.'), visible.size());
  const std::string base = short_part(visible.substr(0, dot), 6);
  const std::string extension = short_part(visible.substr(std::min(dot + 1, visible.size())), 3);
  for (uint32_t number = 1;; ++number) {
    const std::string tail = fmt::format("~{}", number);
    const ShortName candidate = joined(base.substr(0, 8 - tail.size()) + tail, extension);
    if (taken.insert(candidate).second) return candidate;
  }
}

ByteVector long_name_entries(std::string_view name, const ShortName& short_name) {
  if (shown(short_name) == name) return {};
  const std::u16string units = to_utf16(name);
  const size_t count = (units.size() + kUnitsOfEntry - 1) / kUnitsOfEntry;
  ByteVector entries(count * kEntryBytes);
  for (size_t i = 0; i < count; ++i) {
    const size_t part = count - 1 - i;  // the last part stands first
    const MutableBytes entry = slice(MutableBytes(entries), i * kEntryBytes, kEntryBytes);
    entry[0] = static_cast<uint8_t>((part + 1) | (i == 0 ? kLastLongEntry : 0));
    entry[11] = kLongNameAttributes;
    entry[13] = checksum(short_name);
    for (size_t j = 0; j < kUnitsOfEntry; ++j) {
      const size_t at = part * kUnitsOfEntry + j;
      const uint16_t unit =
          at < units.size() ? uint16_t{units[at]} : uint16_t(at == units.size() ? 0 : 0xFFFF);
      write_le<uint16_t>(entry, kUnitOffsets[j], unit);
    }
  }
  return entries;
}

std::string volume_label(std::string_view text) {
  // Latin-1's letters from U+00C0 on, without their accents.
  constexpr std::string_view kLatin = "AAAAAAACEEEEIIIIDNOOOOO_OUUUUYTSAAAAAAACEEEEIIIIDNOOOOO_OUUUUYTY";
  std::string label;
  for (size_t at = 0; at < text.size() && label.size() < 11;) {
    const DecodedCharacter character = decode_utf8(text, at);
    const char32_t c = character.code_point;
    char out = '_';
    if (character.length == 1) out = upper(text[at]);
    if (character.length > 1 && c >= 0xC0 && c <= 0xFF) out = kLatin[c - 0xC0];
    const bool plain = (out >= 'A' && out <= 'Z') || (out >= '0' && out <= '9') || out == ' ' || out == '-';
    label.push_back(plain ? out : '_');
    at += std::max<size_t>(character.length, 1);
  }
  label.erase(label.find_last_not_of(' ') + 1);
  label.erase(0, std::min(label.find_first_not_of(' '), label.size()));
  return label;
}

}  // namespace mend::image
