// SPDX-License-Identifier: GPL-3.0-or-later
// An archive in the format "newc" of cpio, as the Linux kernel unpacks it into its first file system. Used
// for the initramfs. Holds all of it in memory; reads no file and makes none.
//
// Invariants
//   CP-1  The bytes depend on the entries alone, not on the order of the calls: sorted by name, owner 0:0,
//   time
//         0, inode numbers counted, no device.
//   CP-2  Each entry comes after the directories that it lies in; those that nobody named are made, 0755.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/bytes.h"

namespace mend::image {

class CpioArchive {
 public:
  // Names are relative, such as "bin/mend". kUsage "image.cpio.name" for an empty, absolute or repeated name,
  // or one with an empty, "." or ".." part; "image.cpio.size" for 4 GiB or more.
  void add_directory(const std::string& name, uint32_t permissions = 0755);
  void add_file(const std::string& name, ByteVector content, uint32_t permissions);

  // The archive with its trailer, padded to 512 bytes.
  ByteVector bytes() const;

 private:
  struct Entry {
    uint32_t mode = 0;
    ByteVector content;
  };
  void add(const std::string& name, Entry&& entry);

  std::map<std::string, Entry> entries_;
};

}  // namespace mend::image
