// SPDX-License-Identifier: GPL-3.0-or-later
// Small files that an operator names: manifests, key files. Read whole, up to a limit; regular files and
// pipes. Also what the kernel tells in a line. Disks and images are not read here but through
// block::FileDevice.
//
// Invariants
//   FI-1  Never more than the limit is held, whatever the file says its size is, and whatever a pipe
//   delivers.
//   FI-2  A secret file that is written is there as a whole or not at all, and readable by its owner alone.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/secret.h"

namespace mend {

// kUsage "base.file.open" (absent, not allowed), "base.file.directory", "base.file.size" (over the limit,
// with both sizes); kIo "base.file.read". The message names the path.
ByteVector read_file(const std::string& path, uint64_t limit_bytes);
// The same into memory that is locked and wiped.
Secret read_secret_file(const std::string& path, uint64_t limit_bytes);
// FI-2: under a hidden name first, which gets the final one when the bytes are on the disk. kIo
// "base.file.write".
void write_secret_file(const std::string& path, Bytes content);
// The first line of a file of sysfs or procfs, printable and without white space around it; empty when there
// is none.
std::string first_line(const std::string& path);

}  // namespace mend
