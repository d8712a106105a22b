// SPDX-License-Identifier: GPL-3.0-or-later
// Mapping pairs: where the clusters of a non-resident attribute lie.
//
// Invariants
//   NR-1  Every run that is delivered lies inside the volume, and VCNs join without gap or wrap.
//   NR-2  At most one run a byte of input: decoding is bounded by the attribute's size.
#pragma once

#include <functional>
#include <optional>

#include "ntfs/types.h"

namespace mend::ntfs {

struct Geometry;

// Decodes one run after the other. Fast: no allocation.
class RunDecoder {
 public:
  // `pairs`: the bytes from the first pair to the attribute's end. `highest_vcn`: as the attribute states it
  // (UINT64_MAX, that is −1, for an attribute without clusters).
  RunDecoder(Bytes pairs, uint64_t lowest_vcn, uint64_t highest_vcn, uint64_t cluster_count)
      : pairs_(pairs), vcn_(lowest_vcn), end_vcn_(highest_vcn + 1), cluster_count_(cluster_count) {}
  // False at the end. kCorrupt "ntfs.runs.*".
  bool next(Run& run);

 private:
  Bytes pairs_;
  size_t at_ = 0;
  uint64_t vcn_;
  uint64_t end_vcn_;
  uint64_t cluster_count_;
  uint64_t lcn_ = 0;
};

RunList decode_runs(Bytes pairs, uint64_t lowest_vcn, uint64_t highest_vcn, uint64_t cluster_count);
// Appends `extent`, which must begin where `runs` ends and share no cluster with it. kCorrupt.
void append_extent(RunList& runs, const RunList& extent);
// kCorrupt when two runs of the list share a cluster.
void check_no_overlap(const RunList& runs);
// The run that holds `vcn`, by bisection; null beyond the end.
const Run* find_run(const RunList& runs, uint64_t vcn);
uint64_t total_clusters(const RunList& runs);      // with holes
uint64_t allocated_clusters(const RunList& runs);  // without

}  // namespace mend::ntfs
