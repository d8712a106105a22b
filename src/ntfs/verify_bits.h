// SPDX-License-Identifier: GPL-3.0-or-later
// Bitmaps before and after, against what was given back and what was taken. A part of verification.
#pragma once

#include <vector>

#include "ntfs/stream.h"

namespace mend::ntfs {

// Units of a bitmap: clusters, or MFT records. Sorted and disjoint once settled.
class UnitSet {
 public:
  void add(uint64_t first, uint64_t count) { ranges_.push_back({first, count}); }
  // Sorts and joins. False when some unit had been added twice.
  bool settle();
  const std::vector<Range>& ranges() const { return ranges_; }
  bool contains(uint64_t unit) const;
  uint64_t count() const;
  // REQUIRES: both settled.
  UnitSet minus(const UnitSet& other) const;

 private:
  std::vector<Range> ranges_;
};

struct BitmapChange {
  const char* what;  // "cluster", "MFT record"
  Stream& before;
  Stream& after;
  const std::vector<Range>& changed_bytes;  // by position in the bitmap
  const UnitSet& freed;
  const UnitSet& taken;
};
// Each bit that changed is one of `freed` that was cleared or one of `taken` that was set; all of `freed` are
// clear now, all of `taken` were clear and are set. kRefused "ntfs.verify.bit.*".
void check_bitmap(const BitmapChange& change);

}  // namespace mend::ntfs
