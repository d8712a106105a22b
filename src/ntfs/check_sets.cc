// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/check_sets.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace mend::ntfs {
namespace {

constexpr uint64_t kOdd1 = 0x9e3779b97f4a7c15, kOdd2 = 0xc2b2ae3d27d4eb4f, kOdd3 = 0x165667b19e3779f9;

// Both halves of the 128-bit product.
__extension__ typedef unsigned __int128 Wide;
inline uint64_t multiply_fold(uint64_t a, uint64_t b) {
  const Wide product = Wide{a} * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t load(const uint8_t* bytes, size_t count) {
  uint64_t value = 0;
  if (count != 0) std::memcpy(&value, bytes, count);  // no bytes may have no address
  return value;
}

}  // namespace

uint64_t hash_bytes(Bytes bytes, uint64_t seed) {
  uint64_t hash = multiply_fold(seed ^ kOdd1, bytes.size() ^ kOdd2);
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  for (; left > 8; at += 8, left -= 8) hash = multiply_fold(hash ^ load(at, 8), kOdd3) + kOdd1;
  return multiply_fold(hash ^ load(at, left), kOdd2);
}

uint64_t hash_pair(uint64_t a, uint64_t b) {
  return multiply_fold(multiply_fold(a ^ kOdd1, kOdd2) ^ b, kOdd3);
}

bool Balance::even() const {
  return std::all_of(sums_.begin(), sums_.end(), [](uint64_t sum) { return sum == 0; });
}

size_t Balance::uneven_buckets() const {
  return sums_.size() - static_cast<size_t>(std::count(sums_.begin(), sums_.end(), 0U));
}

void Balance::keep_uneven(size_t limit) {
  for (uint64_t& sum : sums_) {
    if (sum == 0) continue;
    if (limit == 0)
      sum = 0;
    else
      --limit;
  }
}

void ClusterSet::add(uint64_t first, uint64_t count) {
  if (!ranges_.empty() && ranges_.back().first + ranges_.back().count == first)
    ranges_.back().count += count;
  else if (ranges_.size() < kMaximumRanges)
    ranges_.push_back({first, count});
  else
    dropped_ += count;
}

void ClusterSet::settle() {
  std::sort(ranges_.begin(), ranges_.end(),
            [](const ClusterRange& a, const ClusterRange& b) { return a.first < b.first; });
  std::vector<ClusterRange> joined;
  for (const ClusterRange& range : ranges_) {
    if (!joined.empty() && range.first <= joined.back().first + joined.back().count)
      joined.back().count = std::max(joined.back().first + joined.back().count, range.first + range.count) -
                            joined.back().first;
    else
      joined.push_back(range);
  }
  ranges_ = std::move(joined);
}

ClusterRange ClusterSet::intersect(uint64_t first, uint64_t count) const {
  auto at = std::upper_bound(ranges_.begin(), ranges_.end(), first,
                             [](uint64_t wanted, const ClusterRange& range) { return wanted < range.first; });
  if (at != ranges_.begin() && std::prev(at)->first + std::prev(at)->count > first) --at;
  if (at == ranges_.end() || at->first >= first + count) return {first, 0};
  const uint64_t from = std::max(at->first, first);
  return {from, std::min(at->first + at->count, first + count) - from};
}

void ClusterMap::take(uint64_t first, uint64_t count, ClusterSet& overlaps) {
  while (count != 0) {
    const uint64_t bit = first % 64;
    const uint64_t here = std::min<uint64_t>(count, 64 - bit);
    const uint64_t mask = (here == 64 ? ~uint64_t{0} : (uint64_t{1} << here) - 1) << bit;
    uint64_t& word = bits_[static_cast<size_t>(first / 64)];
    for (uint64_t twice = word & mask; twice != 0;) {
      const auto from = static_cast<uint64_t>(std::countr_zero(twice));
      const auto length = static_cast<uint64_t>(std::countr_one(twice >> from));
      overlaps.add(first - bit + from, length);
      twice &= ~((length == 64 ? ~uint64_t{0} : (uint64_t{1} << length) - 1) << from);
    }
    word |= mask;
    first += here;
    count -= here;
  }
}

uint64_t ClusterMap::count() const {
  uint64_t sum = 0;
  for (uint64_t word : bits_) sum += static_cast<uint64_t>(std::popcount(word));
  return sum;
}

}  // namespace mend::ntfs
