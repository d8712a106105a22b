// SPDX-License-Identifier: GPL-3.0-or-later
// The registry of the PC: what tells which Windows it is, and, at real size, as many keys as a PC has.
#pragma once

#include "tools/brokenpc/machine.h"
#include "tools/brokenpc/random.h"

namespace mend::brokenpc {

struct NamedHive {
  std::string name;  // "SYSTEM"
  ByteVector bytes;
};

// SYSTEM, SOFTWARE, SAM, SECURITY, DEFAULT. `volume_id` is the partition's GUID, for MountedDevices.
// `scratch` is a path for a temporary file.
std::vector<NamedHive> make_windows_hives(const Machine& machine, Hives size, const Guid& volume_id,
                                          uint64_t seed, const std::string& scratch);
ByteVector make_user_hive(const Machine& machine, const std::string& scratch);
// The boot configuration on the ESP.
ByteVector make_boot_hive(const Machine& machine, const std::string& scratch);

}  // namespace mend::brokenpc
