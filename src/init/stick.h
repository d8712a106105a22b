// SPDX-License-Identifier: GPL-3.0-or-later
// Looks for the stick that this kernel was started from among all that has blocks: first by the serial number
// of its FAT volume, which is the beginning of the image's id. Whether it really is the one, its image.toml
// says once it is mounted (boot.cc).
//
// Invariants
//   ST-1  Nothing is written, and of each device one sector is read, once: a disk that is dying must not hold
//         up the start at every look. One that cannot be read is tried kMaximumTries times.
//   ST-2  What hangs on USB and SD is looked at before the disks of the machine.
// Used from one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "init/fat.h"
#include "init/sysfs.h"

namespace mend::init {

struct StickDevice {
  std::string volume;  // such as /dev/sdb1
  std::string disk;    // such as /dev/sdb; the same as `volume` where there is no partition table
  std::string model;   // as far as the kernel tells

  bool operator==(const StickDevice& other) const { return volume == other.volume; }
};

// The first sector of a device; nothing when it cannot be read.
using ReadSector = std::function<std::optional<ByteVector>(const std::string& device)>;
std::optional<ByteVector> read_first_sector(const std::string& device);

class StickFinder {
 public:
  static constexpr int kMaximumTries = 3;

  // REQUIRES: `image_id` begins with 8 hexadecimal digits.
  StickFinder(Roots roots, const std::string& image_id, ReadSector read_sector);

  // Those that are there now, sorted by name.
  std::vector<StickDevice> look();
  // A mass storage device on USB has not shown yet what it holds: another stick may be coming.
  bool more_may_come() const;

 private:
  struct Device {
    std::string name;
    uint64_t inode;
    bool removable;
  };
  struct Known {
    uint64_t inode = 0;  // a device that comes again is another one
    int tries = 0;
    bool read = false;
    std::optional<uint32_t> serial;
  };
  std::vector<Device> devices() const;
  void examine(const Device& device);
  StickDevice describe(const std::string& name) const;

  Roots roots_;
  uint32_t wanted_;
  ReadSector read_sector_;
  std::map<std::string, Known> known_;
};

}  // namespace mend::init
