// SPDX-License-Identifier: GPL-3.0-or-later
// The content of one attribute, whole, whatever records its pieces lie in: resident, in runs,
// sparse, compressed.
//
// Invariants
//   NS-1  A read delivers what Windows would deliver, or throws. Beyond the initialised size, and
//         in holes, that is zeros; an encrypted attribute throws.
//   NS-2  Runs are bounded, joined and free of overlap (NR-1) before the first byte is read.
#pragma once

#include <functional>

#include "ntfs/record.h"
#include "ntfs/runs.h"

namespace mend::ntfs {

class Volume;

class Stream {
 public:
  // REQUIRES: `volume` outlives the stream. A resident value is copied.
  static Stream resident(Volume& volume, Bytes value);
  // `first`: the extent with lowest VCN 0. kCorrupt when sizes and runs contradict each other.
  static Stream non_resident(Volume& volume, const Attribute& first, RunList runs);

  bool is_resident() const { return resident_; }
  uint64_t size_bytes() const { return size_bytes_; }
  uint64_t initialised_bytes() const { return initialised_bytes_; }
  uint64_t allocated_bytes() const { return allocated_bytes_; }
  bool compressed() const { return compression_unit_bytes_ != 0; }
  bool sparse() const { return (flags_ & Attribute::kSparse) != 0; }
  bool encrypted() const { return (flags_ & Attribute::kEncrypted) != 0; }
  // Empty when resident.
  const RunList& runs() const { return runs_; }

  // All of `out` from `offset`. kCorrupt "ntfs.stream.range" beyond the size. Adjacent clusters are one read.
  void read(uint64_t offset, MutableBytes out);
  ByteVector read_bytes(uint64_t offset, uint64_t length);
  // Where [offset, offset + length) lies on the volume, in order; holes are left out. Not for compressed
  // streams.
  std::vector<Range> ranges(uint64_t offset, uint64_t length) const;

 private:
  explicit Stream(Volume& volume) : volume_(&volume) {}
  void read_runs(uint64_t offset, MutableBytes out);
  void read_compressed(uint64_t offset, MutableBytes out);
  void load_unit(uint64_t unit);

  Volume* volume_;
  bool resident_ = true;
  ByteVector value_;
  RunList runs_;
  uint16_t flags_ = 0;
  uint64_t size_bytes_ = 0;
  uint64_t initialised_bytes_ = 0;
  uint64_t allocated_bytes_ = 0;
  uint32_t compression_unit_bytes_ = 0;
  uint64_t loaded_unit_ = UINT64_MAX;
  ByteVector unit_;  // decompressed
};

}  // namespace mend::ntfs
