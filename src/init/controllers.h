// SPDX-License-Identifier: GPL-3.0-or-later
// Why is there no disk? What the PCI bus and the drivers say about this machine's storage controllers, in
// sentences that name the remedy. Shown by init when no internal disk has come in time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "init/loader.h"

namespace mend::init {

struct Controller {
  std::string address;  // such as "0000:00:17.0"
  uint32_t vendor = 0;
  uint32_t device = 0;
  uint32_t class_code = 0;    // 24 bits: class, subclass, interface
  std::string driver;         // empty: none
  int64_t remapped_nvme = 0;  // NVMe disks that Intel RST hides behind this AHCI controller
};

// PCI devices of class 01 (storage), and SD hosts, which carry eMMC; by address.
std::vector<Controller> storage_controllers(const std::string& sys_root);

// "PCI 8086:9a0b (RAID controller at 0000:00:0e.0), driver vmd".
std::string describe(const Controller& controller);

// One paragraph each: what was seen, then what to do. Never empty.
std::vector<std::string> explain_no_disk(const std::vector<Controller>& controllers,
                                         const std::vector<LoadedModule>& failures);

}  // namespace mend::init
