// SPDX-License-Identifier: GPL-3.0-or-later
// The volumes of a USB stick: what they hold, and how one is mounted. Used for the technician's other sticks
// and for the session's own, when it was pulled out and is put back. Opens and mounts only what it is asked
// for, never a disk of the machine by itself.
#pragma once

#include <string>
#include <vector>

#include "disk/disk.h"

namespace mend::console {

struct StickVolume {
  std::string path;  // "/dev/sdc1"; "/dev/sdc" where the stick has no partitions
  disk::Content content = disk::Content::kUnknown;  // of one that cannot be read, too
};

// Returns when the kernel has read the stick's partition table.
std::vector<StickVolume> volumes_of(const std::string& disk);

enum class Rights { kRead, kReadWrite };

// At a folder that is there. FAT and exFAT; the errno value, 0: mounted.
int mount_volume(const std::string& volume, const std::string& folder, Rights rights);

// A volume at a folder of its own, as long as the object lives.
class Mounted {
 public:
  Mounted(const std::string& volume, Rights rights);
  ~Mounted();
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;

  const std::string& folder() const { return folder_; }
  int error() const { return error_; }  // errno value; 0: it is mounted

 private:
  std::string folder_;  // empty: none could be made
  int error_ = 0;
};

}  // namespace mend::console
