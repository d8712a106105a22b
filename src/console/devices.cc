// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/devices.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/file.h"

namespace mend::console {
namespace {

namespace fs = std::filesystem;

// The number of a key that every keyboard has and no power button or lid: KEY_A, bit 30 of the last word.
bool has_letters(const std::string& capabilities) {
  const size_t blank = capabilities.rfind(' ');
  const std::string last = blank == std::string::npos ? capabilities : capabilities.substr(blank + 1);
  constexpr unsigned long kLetterA = 1UL << 30;
  return (std::strtoul(last.c_str(), nullptr, 16) & kLetterA) != 0;
}

}  // namespace

Devices::Devices(std::string sys_root) : sys_root_(std::move(sys_root)), known_(list()) {}

Devices::Names Devices::list() const {
  Names names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(sys_root_ + "/block", error)) {
    const fs::path& path = entry.path();
    std::error_code missing;
    if (!fs::exists(path / "device", missing) || first_line(path / "size") == "0")
      continue;  // virtual; without a medium
    const std::string device = "/dev/" + path.filename().string();
    std::string text;
    for (const char* part : {"vendor", "model"}) {
      const std::string value = first_line(path / "device" / part);
      if (value.empty()) continue;
      if (!text.empty()) text += " ";
      text += value;
    }
    names[path.string()] = {DeviceChange::Kind::kDisk, true, device,
                            text.empty() ? device : fmt::format("{} ({})", device, text)};
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(sys_root_ + "/class/input", error)) {
    const fs::path& path = entry.path();
    if (!path.filename().string().starts_with("input") || !has_letters(first_line(path / "capabilities/key")))
      continue;
    names[path.string()] = {DeviceChange::Kind::kKeyboard, true, "", first_line(path / "name")};
  }
  return names;
}

std::vector<DeviceChange> Devices::look() {
  std::vector<DeviceChange> changes;
  Names now = list();
  for (const auto& [path, device] : known_) {
    if (now.count(path) != 0) continue;
    changes.push_back(device);
    changes.back().came = false;
  }
  for (const auto& [path, device] : now) {
    if (known_.count(path) == 0) changes.push_back(device);
  }
  known_ = std::move(now);
  return changes;
}

}  // namespace mend::console
