// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/machine.h"

#include <time.h>

#include "base/file.h"
#include "base/text.h"

namespace mend::repair {
namespace {

// Makers who fill nothing in leave these.
std::string unless_placeholder(std::string text) {
  const std::string lower = lower_ascii(text);
  for (const char* placeholder :
       {"to be filled by o.e.m.", "default string", "system serial number", "none", "n/a", "not specified",
        "system manufacturer", "system product name", "0"}) {
    if (lower == placeholder) return {};
  }
  return text;
}

}  // namespace

Machine read_machine() {
  const std::string dmi = "/sys/class/dmi/id/", rtc = "/sys/class/rtc/rtc0/";
  Machine machine;
  machine.vendor = unless_placeholder(first_line(dmi + "sys_vendor"));
  machine.model = unless_placeholder(first_line(dmi + "product_name"));
  machine.serial = unless_placeholder(first_line(dmi + "product_serial"));
  machine.uuid = lower_ascii(first_line(dmi + "product_uuid"));
  const std::string date = first_line(rtc + "date"), time = first_line(rtc + "time");
  if (!date.empty() && !time.empty()) machine.hardware_clock = date + " " + time;
  machine.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  timespec since_boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  machine.since_boot_ns =
      static_cast<uint64_t>(since_boot.tv_sec) * 1000000000U + static_cast<uint64_t>(since_boot.tv_nsec);
  return machine;
}

}  // namespace mend::repair
