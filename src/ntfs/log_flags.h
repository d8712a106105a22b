// SPDX-License-Identifier: GPL-3.0-or-later
// The flags of a volume, in the record of $Volume and its copy in $MFTMirr, as a replay sets and restores the
// dirty flag: read and written without $MFT, which may need the replay itself. Borrows the target.
#pragma once

#include "ntfs/boot_sector.h"
#include "ntfs/log_target.h"

namespace mend::ntfs {

class VolumeFlags {
 public:
  static constexpr uint16_t kDirty = 1;

  VolumeFlags(ReplayTarget& target, const Geometry& geometry) : target_(target), geometry_(geometry) {}

  // kCorrupt "ntfs.replay.flags" when the record does not hold them.
  uint16_t get();
  void set(uint16_t flags);

 private:
  struct Found {
    ByteVector record;  // fixups removed
    size_t at = 0;      // of the flags in it
  };
  Found find();
  // Where the record of $Volume begins, in bytes of the volume.
  uint64_t place() const;

  ReplayTarget& target_;
  const Geometry& geometry_;
};

}  // namespace mend::ntfs
