// SPDX-License-Identifier: GPL-3.0-or-later
// Parts of the initramfs that the kernel does not unpack before it starts init: archives inside of it, in the
// format "newc" of cpio, compressed with zstd, as src/image/initramfs.cc makes them: drivers that few PCs
// want, unpacked when one of them is wanted.
//
// Invariants
//   PK-1  An archive that is damaged gives an error; of its files there are then those before the damage.
//   PK-2  Nothing is made outside of `root`: a name that is absolute, or has an empty, "." or ".." part, is
//         damage.
#pragma once

#include <mutex>
#include <string>

#include "base/bytes.h"

namespace mend::init {

// Makes the directories and regular files of the archive below `root`, and then removes it: memory is short.
// kCorrupt "init.packed.zstd", "init.packed.entry", "init.packed.size"; kIo "init.packed.write".
void unpack(const std::string& archive, const std::string& root);

// An archive that is unpacked when it is first wanted. From several threads: the first one unpacks, and the
// others wait for it.
class PackedFiles {
 public:
  PackedFiles(std::string archive, std::string root) : archive_(std::move(archive)), root_(std::move(root)) {}

  // After this the file is there, if the archive has it. Errors are those of unpack(), each time.
  void want(const std::string& file);

 private:
  std::string archive_, root_;
  std::once_flag unpacked_;
};

}  // namespace mend::init
