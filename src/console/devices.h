// SPDX-License-Identifier: GPL-3.0-or-later
// What is plugged in and pulled out while the session goes on: disks, sticks, keyboards. Looks at the
// kernel's lists when asked to, and tells the difference. Opens no device.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace mend::console {

struct DeviceChange {
  enum class Kind { kDisk, kKeyboard };
  Kind kind = Kind::kDisk;
  bool came = false;  // else it went
  std::string path;   // "/dev/sdb"; keyboards: none
  std::string name;   // "/dev/sdb (SanDisk Ultra)", "Logitech K120"; printable
};

class Devices {
 public:
  explicit Devices(std::string sys_root = "/sys");
  // What has changed since the last look; the first one was at the construction.
  std::vector<DeviceChange> look();

 private:
  using Names = std::map<std::string, DeviceChange>;  // by path in sysfs
  Names list() const;

  std::string sys_root_;
  Names known_;
};

}  // namespace mend::console
