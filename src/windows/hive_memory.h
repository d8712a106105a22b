// SPDX-License-Identifier: GPL-3.0-or-later
// A hive in a memory file: the only copy there is. It has no name in any file system; it goes when this goes.
//
// Invariants
//   W-2  See installation.h. The bytes are written once, by whoever reads the volume, and mapped once, by
//   hivex.
#pragma once

#include <string>

#include "base/bytes.h"

namespace mend::windows {

class HiveMemory {
 public:
  HiveMemory();  // kIo
  ~HiveMemory();
  HiveMemory(const HiveMemory&) = delete;
  HiveMemory& operator=(const HiveMemory&) = delete;

  void append(Bytes bytes);                               // kIo, such as no memory left
  void put(uint64_t offset, Bytes bytes);                 // over what is there; kIo
  void resize(uint64_t size_bytes);                       // zeros at the end, or cut; kIo
  ByteVector read(uint64_t offset, size_t length) const;  // zeros beyond the end
  uint64_t size_bytes() const { return size_bytes_; }
  int descriptor() const { return fd_; }
  // What hivex opens (hivex_support.cc).
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
  uint64_t size_bytes_ = 0;
};

}  // namespace mend::windows
