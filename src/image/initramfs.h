// SPDX-License-Identifier: GPL-3.0-or-later
// The initramfs: what the kernel of the stick unpacks into memory and starts. init and `mend`, the modules
// that nearly every PC wants, the lists of all of them, and empty folders to mount on. A start waits while
// the kernel unpacks, so the other modules are an archive inside of it, "packed/modules", which init unpacks
// when it wants one of them (src/init/packed.h).
//
// Invariants
//   IR-1  The same parts and modules give the same bytes.
#pragma once

#include <string>

#include "base/bytes.h"
#include "image/modules.h"

namespace mend::image {

struct InitramfsParts {
  ByteVector init, mend;       // static programs
  std::string kernel_version;  // names the folder of the modules
};

// The archive, not compressed yet.
ByteVector make_initramfs(const InitramfsParts& parts, const ModuleSet& modules);

// As the kernel and init unpack it: zstd, level 19, with a checksum, by one thread. kIo
// "image.initramfs.zstd".
ByteVector compress_initramfs(Bytes archive);

}  // namespace mend::image
