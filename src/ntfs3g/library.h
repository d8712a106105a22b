// SPDX-License-Identifier: GPL-3.0-or-later
// The only include of libntfs-3g (2022.10.3). Its headers lack include guards against C++: they need
// sys/stat.h and ctime first, have no extern "C", and define `min` and `max`.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <ctime>

extern "C" {
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/cache.h>
#include <ntfs-3g/device.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/index.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/lcnalloc.h>
#include <ntfs-3g/logging.h>
#include <ntfs-3g/mft.h>
#include <ntfs-3g/ntfstime.h>
#include <ntfs-3g/runlist.h>
#include <ntfs-3g/volume.h>
}

#undef min
#undef max

namespace mend::ntfs3g {

// State bits of a device, a volume or an inode (ND_*, NV_*, NI_*): the library's own macros mix signs.
inline bool has_state(unsigned long state, int bit) {
  return (state >> bit & 1) != 0;
}
inline void set_state(unsigned long& state, int bit) {
  state |= 1UL << bit;
}
inline void clear_state(unsigned long& state, int bit) {
  state &= ~(1UL << bit);
}

}  // namespace mend::ntfs3g
