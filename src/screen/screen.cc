// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen/screen.h"

#include <poll.h>

namespace mend::screen {

Screen::Screen(const std::vector<std::string>& devices) {
  for (const std::string& path : devices) {
    Device device(path);
    if (device.usable()) consoles_.emplace_back(std::move(device));
  }
}

Screen::Screen() {
  consoles_.emplace_back(Device());
}

void Screen::line(std::string_view text, Style style) {
  for (Lines& console : consoles_) console.line(text, style);
}

void Screen::status(std::string_view text) {
  for (Lines& console : consoles_) console.status(text);
}

void Screen::clear() {
  for (Lines& console : consoles_) console.clear();
}

std::optional<char> Screen::key(std::chrono::milliseconds timeout) {
  if (typed_.empty()) {
    std::vector<pollfd> waits;
    for (Lines& console : consoles_) waits.push_back({console.device().input(), POLLIN, 0});
    if (::poll(waits.data(), waits.size(), static_cast<int>(timeout.count())) <= 0) return std::nullopt;
    for (Lines& console : consoles_) console.device().read(typed_);
  }
  if (typed_.empty()) return std::nullopt;
  const char key = typed_.front();
  typed_.erase(0, 1);
  return key;
}

void Screen::forget_keys() {
  while (key(std::chrono::milliseconds(0))) {
  }
}

}  // namespace mend::screen
