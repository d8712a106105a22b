// SPDX-License-Identifier: GPL-3.0-or-later
// Is there enough power for a repair? A laptop that goes out in the middle of it is what the journal is for,
// but a technician who plugs in the mains first needs no journal.
#pragma once

#include <optional>
#include <string>

namespace mend::init {

struct Power {
  std::optional<int> percent;  // of all batteries of the machine together; nothing: it has none that tells
  bool mains = false;          // connected, or a battery is being charged
};

inline constexpr int kLeastPercent = 15;

// Batteries of mice and keyboards do not count.
Power read_power(const std::string& sys_root);
inline bool is_enough(const Power& power) {
  return power.mains || !power.percent || *power.percent >= kLeastPercent;
}

}  // namespace mend::init
