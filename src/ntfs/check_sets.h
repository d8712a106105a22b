// SPDX-License-Identifier: GPL-3.0-or-later
// The two memories of the full check: which clusters are taken, one bit each, and whether two large
// collections hold the same things, without holding either. Used by the check alone.
//
// Invariants
//   NC-4  Two different collections look the same with a chance of 2^-64: sums of 64-bit hashes, by
//         bucket.
#pragma once

#include <functional>
#include <vector>

#include "ntfs/types.h"

namespace mend::ntfs {

// Hash of bytes and of a number; spread over all 64 bits.
uint64_t hash_bytes(Bytes bytes, uint64_t seed);
uint64_t hash_pair(uint64_t a, uint64_t b);

// What one side has counts up, what the other has counts down; equal collections leave nothing.
class Balance {
 public:
  explicit Balance(size_t buckets_power_of_two) : sums_(buckets_power_of_two, 0) {}
  void add(uint64_t hash) { sums_[bucket(hash)] += hash; }
  void remove(uint64_t hash) { sums_[bucket(hash)] -= hash; }
  bool even() const;
  // False: everything in the hash's bucket has its counterpart.
  bool uneven_at(uint64_t hash) const { return sums_[bucket(hash)] != 0; }
  size_t uneven_buckets() const;
  // Forgets uneven buckets beyond the first `limit`, to bound what naming the offenders takes.
  void keep_uneven(size_t limit);

 private:
  size_t bucket(uint64_t hash) const { return static_cast<size_t>(hash >> 32) & (sums_.size() - 1); }
  std::vector<uint64_t> sums_;
};

struct ClusterRange {
  uint64_t first = 0;
  uint64_t count = 0;
  bool operator==(const ClusterRange&) const = default;
};

// Sorted, disjoint ranges, at most kMaximumRanges of them.
class ClusterSet {
 public:
  static constexpr size_t kMaximumRanges = 4096;
  void add(uint64_t first, uint64_t count);
  // Clusters that found no place any more.
  uint64_t dropped() const { return dropped_; }
  bool empty() const { return ranges_.empty(); }
  // Sorts and joins; call once, before asking.
  void settle();
  const std::vector<ClusterRange>& ranges() const { return ranges_; }
  // The part of the first range that meets [first, first + count); count 0: none does.
  ClusterRange intersect(uint64_t first, uint64_t count) const;

 private:
  std::vector<ClusterRange> ranges_;
  uint64_t dropped_ = 0;
};

class ClusterMap {
 public:
  explicit ClusterMap(uint64_t clusters) : bits_(static_cast<size_t>((clusters + 63) / 64), 0) {}
  // Takes [first, first + count); what was taken before goes to `overlaps`. REQUIRES: inside the volume.
  void take(uint64_t first, uint64_t count, ClusterSet& overlaps);
  // 64 clusters from 64 * index on.
  uint64_t word(size_t index) const { return bits_[index]; }
  uint64_t count() const;

 private:
  std::vector<uint64_t> bits_;
};

}  // namespace mend::ntfs
