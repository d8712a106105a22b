// SPDX-License-Identifier: GPL-3.0-or-later
// The machine this runs on, for the log: what the firmware says of itself, and its raw clock.
#pragma once

#include <cstdint>
#include <string>

namespace mend::repair {

struct Machine {
  std::string vendor, model, serial, uuid;  // empty where the firmware or the permissions say nothing
  std::string hardware_clock;  // "2026-11-25 03:20:21" as the clock chip shows it: local time under Windows
  std::string boot_id;         // the kernel's, new at each start: runs with the same one share a clock
  uint64_t since_boot_ns = 0;  // when this was read
};

Machine read_machine();

}  // namespace mend::repair
