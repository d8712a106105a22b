// SPDX-License-Identifier: GPL-3.0-or-later
// Writes an image to a stick and reads it back. Used by `mendstick write`.
//
// Invariants
//   WR-1  Nothing is written before the disk has been found fit (target.h), large enough, and the image the
//         one that its map was made for.
//   WR-2  The first block, with the partition table, is cleared first and written last: a stick that was
//         pulled out on the way looks empty, never half right.
//   WR-3  Success means that every written byte was read back from the medium and has its hash.
//   WR-4  No GPT and no partition table of an earlier use is left: neither behind the MBR nor at the disk's
//         end.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "image/bmap.h"
#include "image/progress.h"
#include "image/target.h"

namespace mend::image {

struct WriteRequest {
  std::string image;
  std::string device;  // a whole disk; or a regular file that is there, which is written like one
  std::string serial;  // see TG-2; not looked at for a file
  std::string bmap;    // empty: IMG.bmap where that is, else all of the image is written
  HostRoots roots;
};

struct WriteResult {
  std::string target;  // "/dev/sdb (Maker Model, 7.5 GiB, serial number …)"
  uint64_t bytes_written = 0;
  bool by_bmap = false;
};

// kRefused "image.write.…", "image.target.…": nothing was written, unless the message says so. kUsage for an
// image, a map or a device that is none; kIo, with what the stick is worth now.
WriteResult write_stick(const WriteRequest& request, const std::atomic<bool>& stop, Progress& progress);

}  // namespace mend::image
