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
  bool is_energy = false;
};

// In µWh or µAh, whichever the battery counts in. What no battery holds is a mistake of its driver.
std::optional<Charge> charge_of(const std::string& battery) {
  const auto number_of = [&](const char* unit, const char* what) {
    return read_number(std::string(battery).append(unit).append(what));
  };
  for (const char* unit : {"/energy", "/charge"}) {
    const std::optional<int64_t> now = number_of(unit, "_now");
    const std::optional<int64_t> full = number_of(unit, "_full");
    if (now && full && *full > 0 && *full < kMost)
      return Charge{std::clamp<int64_t>(*now, 0, *full), *full, std::string_view(unit) == "/energy"};
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
    if (!charge || !charge->is_energy) {  // ampere-hours of two voltages cannot be added
      all_tell_energy_ = false;
      return;
    }
    now_ += charge->now;
    full_ += charge->full;
  }
  std::optional<int> percent() const {
    if (count_ == 0) return std::nullopt;
    // One battery's own figure knows its age better than its two charges do.
    if (count_ > 1 && all_tell_energy_) return static_cast<int>(now_ * 100 / full_);
    return static_cast<int>(percents_ / count_);
  }

 private:
  int64_t count_ = 0;
  int64_t percents_ = 0;
  int64_t now_ = 0;
  int64_t full_ = 0;
  bool all_tell_energy_ = true;
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
