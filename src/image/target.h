// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a disk may be overwritten with an image. What the kernel tells in sysfs and procfs decides; where
// these are is a parameter, so that tests ask about a made-up machine. Writes nothing, opens no device.
//
// Invariants
//   TG-1  A disk that is mounted, swapped to, held by another block device (LVM, an array, encryption), or
//         that this system runs from is refused, directly or through any number of holders; nothing waives
//         it.
//   TG-2  A disk that is not removable, not on USB and no SD card is refused unless its exact serial number
//         was given. A serial number that was given and is not the disk's is refused in any case.
//   TG-3  Only whole disks are written.
#pragma once

#include <string>

#include "disk/disk.h"

namespace mend::image {

struct HostRoots {
  std::string sys = "/sys";
  std::string proc = "/proc";
};

// kRefused "image.target.…", with the reason and what to do; kUsage "disk.identity.partition" (TG-3).
// Returns what the disk is, for a message. `path` is for messages.
disk::Identity check_target(const HostRoots& roots, unsigned major, unsigned minor, const std::string& path,
                            const std::string& serial);

}  // namespace mend::image
