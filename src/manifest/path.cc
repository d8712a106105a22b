// SPDX-License-Identifier: GPL-3.0-or-later
#include "manifest/path.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "manifest/fold.h"

namespace mend::manifest {
namespace {

std::optional<Fault> fault(const char* id, std::string text) {
  return Fault{id, std::move(text)};
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What is wrong with the path as a whole.
std::optional<Fault> check_whole(std::string_view text) {
  if (text.empty()) return fault("manifest.path.empty", "the path is empty");
  if (text.size() >= 2 && is_letter(text[0]) && text[1] == ':') {
    return fault(
        "manifest.path.drive",
        "a path has no drive letter: offline, letters are not known; write it from the volume's root, as "
        "in 'Windows\\System32\\file.sys'");
  }
  if (text[0] == '\\' || text[0] == '/') {
    return fault("manifest.path.absolute",
                 "a path is relative to the volume's root: leave the first separator out");
  }
  if (text[0] == '%' && text.find('%', 1) != std::string_view::npos) {
    return fault(
        "manifest.path.variable",
        "environment variables are not known offline: write the path out, as in 'Windows\\System32\\…'");
  }
  return std::nullopt;
}

// What is wrong with one name, wildcards apart.
std::optional<Fault> check_name(std::u16string_view name, const std::string& where) {
  if (name.empty())
    return fault("manifest.path.component", where + " is empty: two separators, or one at the end");
  if (name == u"." || name == u"..") {
    return fault("manifest.path.dots", where + " is '" + to_utf8(name) + "': a path only goes down");
  }
  if (name.size() > kMaximumNameUnits) {
    return fault("manifest.path.length", where + " is longer than NTFS's 255 characters");
  }
  for (char16_t c : name) {
    if (c == u':') {
      return fault("manifest.path.stream", where + " holds ':': streams of a file cannot be named here");
    }
    if (c < 0x20 || c == u'<' || c == u'>' || c == u'"' || c == u'|') {
      return fault("manifest.path.character", where + " holds a character that no Windows file name has: '" +
                                                  printable(to_utf8(std::u16string(1, c))) + "'");
    }
  }
  if (name.back() == u'.' || name.back() == u' ') {
    return fault("manifest.path.trailing", where + " ends in a " + (name.back() == u'.' ? "dot" : "space") +
                                               ", which Windows strips from names");
  }
  return std::nullopt;
}

std::vector<std::u16string> split(std::u16string_view text) {
  std::vector<std::u16string> parts(1);
  for (char16_t c : text) {
    if (c == u'\\' || c == u'/') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

// CON, NUL, COM1 and such, with any extension: Windows opens the device instead of the file.
bool is_device_name(std::u16string_view name) {
  static constexpr std::array<std::u16string_view, 6> kDevices = {u"CON", u"PRN",    u"AUX",
                                                                  u"NUL", u"CONIN$", u"CONOUT$"};
  const std::u16string stem = folded(name.substr(0, name.find(u'.')));
  if (std::find(kDevices.begin(), kDevices.end(), stem) != kDevices.end()) return true;
  return stem.size() == 4 && (stem.starts_with(u"COM") || stem.starts_with(u"LPT")) && stem[3] >= u'1' &&
         stem[3] <= u'9';
}

}  // namespace

bool has_wildcard(std::u16string_view component) {
  return component.find_first_of(u"*?") != std::u16string_view::npos;
}

bool same_name(std::u16string_view a, std::u16string_view b) {
  return folded(a) == folded(b);
}

PathResult parse_path(std::string_view text) {
  if (auto wrong = check_whole(text)) return {{}, std::move(wrong)};
  std::vector<std::u16string> components = split(to_utf16(text));
  if (components.size() > kMaximumComponents) {
    return {{}, fault("manifest.path.depth", "the path has more than 64 components")};
  }
  for (size_t i = 0; i < components.size(); ++i) {
    const std::string where = "component " + std::to_string(i + 1) + " of the path";
    if (components[i].find(u"**") != std::u16string::npos) {
      return {{},
              fault("manifest.path.recursive", where + " holds '**': a wildcard stays within one component")};
    }
    if (auto wrong = check_name(components[i], where)) return {{}, std::move(wrong)};
  }
  return {std::move(components), std::nullopt};
}

NameResult parse_new_name(std::string_view text) {
  std::u16string name = to_utf16(text);
  if (name.empty()) return {{}, fault("manifest.new_name.empty", "the new name is empty")};
  if (name.find_first_of(u"\\/") != std::u16string::npos) {
    return {
        {},
        fault("manifest.new_name.separator", "a new name has no separator: the file stays in its directory")};
  }
  if (has_wildcard(name)) return {{}, fault("manifest.new_name.wildcard", "a new name has no wildcard")};
  if (auto wrong = check_name(name, "the new name")) return {{}, std::move(wrong)};
  if (is_device_name(name)) {
    return {
        {},
        fault("manifest.new_name.device", "the new name is the name of a device, which Windows cannot open")};
  }
  return {std::move(name), std::nullopt};
}

}  // namespace mend::manifest
