// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/command_line.h"

#include <algorithm>

#include "base/text.h"
#include "init/sysfs.h"

namespace mend::init {
namespace {

constexpr std::string_view kPrefix = "mendstick.";
constexpr size_t kIdDigits = 32;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void take(std::string_view key, std::string_view value, CommandLine& line) {
  if (key == "image") {
    line.image_id = lower_ascii(value);
    if (line.image_id.size() == kIdDigits && is_hex(line.image_id)) return;
    line.image_id.clear();
    line.faults.push_back("mendstick.image must have 32 hexadecimal digits, not '" + printable(value) + "'");
  } else if (key == "mode") {
    const std::optional<profile::Mode> mode = profile::mode_from(value);
    if (mode) {
      line.mode = mode;
      return;
    }
    line.faults.push_back("mendstick.mode may be auto, ask or scan, not '" + printable(value) +
                          "'; the profile's mode is used");
  } else if (key == "console") {
    line.plain = value == "plain";
    if (value == "plain" || value == "full") return;
    line.faults.push_back("mendstick.console may be plain or full, not '" + printable(value) + "'");
  } else if (key == "debug") {
    line.debug = value != "0";
  } else {
    line.faults.push_back("mendstick." + printable(key) +
                          " is not known here; image, mode, console and debug are");
  }
}

}  // namespace

CommandLine parse_command_line(std::string_view text) {
  CommandLine line;
  for (const std::string_view word : words(text)) {
    if (word.substr(0, kPrefix.size()) != kPrefix) continue;
    const std::string_view setting = word.substr(kPrefix.size());
    const size_t equals = std::min(setting.find('='), setting.size());
    const size_t value = std::min(equals + 1, setting.size());
    take(setting.substr(0, equals), setting.substr(value), line);
  }
  return line;
}

}  // namespace mend::init
