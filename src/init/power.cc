// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/power.h"

#include <algorithm>

#include "init/sysfs.h"

namespace mend::init {
namespace {

constexpr int64_t kMost = 1'000'000'000'000;

struct Charge {
  int64_t now = 0;
  int64_t full = 0;
};

// In µWh or µAh, whichever the battery counts in. What no battery holds is a mistake of its driver.
std::optional<Charge> charge_of(const std::string& battery) {
  for (const std::string unit : {"energy", "charge"}) {
    const std::optional<int64_t> now = read_number(battery + "/" + unit + "_now");
    const std::optional<int64_t> full = read_number(battery + "/" + unit + "_full");
    if (now && full && *full > 0 && *full < kMost) return Charge{std::clamp<int64_t>(*now, 0, *full), *full};
  }
  return std::nullopt;
}

bool is_mains(const std::string& type) {
  return type == "Mains" || type == "Wireless" || type.rfind("USB", 0) == 0;
}

// Sums up one battery after the other.
class Batteries {
 public:
  void add(const std::string& path) {
    const std::optional<int64_t> percent = read_number(path + "/capacity");
    const std::optional<Charge> charge = charge_of(path);
    if (!percent && !charge) return;
    ++count_;
    percents_ += percent ? std::clamp<int64_t>(*percent, 0, 100) : charge->now * 100 / charge->full;
    if (!charge) {
      all_tell_charge_ = false;
      return;
    }
    now_ += charge->now;
    full_ += charge->full;
  }
  std::optional<int> percent() const {
    if (count_ == 0) return std::nullopt;
    // One battery's own figure knows its age better than its two charges do.
    if (count_ > 1 && all_tell_charge_) return static_cast<int>(now_ * 100 / full_);
    return static_cast<int>(percents_ / count_);
  }

 private:
  int64_t count_ = 0;
  int64_t percents_ = 0;
  int64_t now_ = 0;
  int64_t full_ = 0;
  bool all_tell_charge_ = true;
};

}  // namespace

Power read_power(const std::string& sys_root) {
  Power power;
  Batteries batteries;
  const std::string directory = sys_root + "/class/power_supply";
  for (const Entry& entry : list(directory)) {
    const std::string path = directory + "/" + entry.name;
    if (read_line(path + "/scope") == "Device") continue;
    const std::string type = read_line(path + "/type");
    if (is_mains(type)) {
      if (read_number(path + "/online").value_or(0) > 0) power.mains = true;
    } else if (type == "Battery" && read_number(path + "/present").value_or(1) != 0) {
      batteries.add(path);
      if (read_line(path + "/status") == "Charging") power.mains = true;
    }
  }
  power.percent = batteries.percent();
  return power;
}

}  // namespace mend::init
