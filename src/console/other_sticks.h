// SPDX-License-Identifier: GPL-3.0-or-later
// The technician's other sticks: key files are read from them, and a log is saved to one. Mounted for that
// moment only, read-only for keys; the disks of the machine are never looked at.
#pragma once

#include <string>
#include <vector>

#include "bitlocker/keys.h"

namespace mend::console {

// What is taken for another stick: volumes with FAT or exFAT on USB and in card readers, but for those of
// `stick_device`; and folders that a rehearsal names, where nothing is mounted.
struct OtherSticks {
  std::string stick_device;
  std::vector<std::string> folders;
};

struct FoundKeys {
  bitlocker::Credentials credentials;
  std::string where;  // "/dev/sdc1 (PC01.BEK, keys.csv)"; without keys: why there are none
};

// The keys in the first level of the sticks and in their folders named "keys". Never throws: what cannot be
// read is not there.
FoundKeys find_keys(const OtherSticks& sticks);
// The same of one folder, such as the keys of the stick itself.
FoundKeys keys_in(const std::string& folder);
// Copies the files to the first of the sticks that takes them, and syncs it. Where they are now; kIo
// "console.save.…" with the reason.
std::string save_files(const OtherSticks& sticks, const std::vector<std::string>& files);

}  // namespace mend::console
