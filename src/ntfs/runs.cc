// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/runs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace mend::ntfs {
namespace {

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, "run list: " + why);
}

// Two's complement of 1 to 8 bytes.
int64_t read_signed(const uint8_t* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value |= uint64_t{bytes[i]} << (8 * i);
  const size_t unused = 64 - 8 * count;
  return static_cast<int64_t>(value << unused) >> unused;
}

}  // namespace

bool RunDecoder::next(Run& run) {
  if (at_ >= pairs_.size() || pairs_[at_] == 0) {
    if (vcn_ != end_vcn_)
      refuse("ntfs.runs.count", fmt::format("it ends at VCN {} instead of {}", vcn_, end_vcn_));
    return false;
  }
  // One byte: low half the bytes of the length, high half the bytes of the LCN's difference to the run
  // before; none: a hole.
  const size_t length_bytes = pairs_[at_] & 0xf;
  const size_t lcn_bytes = pairs_[at_] >> 4;
  if (length_bytes == 0 || length_bytes > 8 || lcn_bytes > 8 ||
      !fits(at_ + 1, length_bytes + lcn_bytes, pairs_.size()))
    refuse("ntfs.runs.pair", fmt::format("a pair with head 0x{:02x} does not fit", pairs_[at_]));
  const int64_t length = read_signed(&pairs_[at_ + 1], length_bytes);
  if (length <= 0 || static_cast<uint64_t>(length) > end_vcn_ - vcn_)
    refuse("ntfs.runs.length", fmt::format("a run of {} clusters at VCN {}, the last being {}", length, vcn_,
                                           static_cast<int64_t>(end_vcn_) - 1));
  run.vcn = vcn_;
  run.length = static_cast<uint64_t>(length);
  run.lcn = Run::kHole;
  if (lcn_bytes != 0) {
    lcn_ += static_cast<uint64_t>(read_signed(&pairs_[at_ + 1 + length_bytes], lcn_bytes));
    if (!fits(lcn_, run.length, cluster_count_))
      refuse("ntfs.runs.outside", fmt::format("{} clusters at LCN {} of a volume of {}", run.length,
                                              static_cast<int64_t>(lcn_), cluster_count_));
    run.lcn = lcn_;
  }
  vcn_ += run.length;
  at_ += 1 + length_bytes + lcn_bytes;
  return true;
}

RunList decode_runs(Bytes pairs, uint64_t lowest_vcn, uint64_t highest_vcn, uint64_t cluster_count) {
  RunList runs;
  RunDecoder decoder(pairs, lowest_vcn, highest_vcn, cluster_count);
  for (Run run; decoder.next(run);) runs.push_back(run);
  check_no_overlap(runs);
  return runs;
}

void append_extent(RunList& runs, const RunList& extent) {
  if (extent.empty()) return;
  const uint64_t end = runs.empty() ? 0 : runs.back().end_vcn();
  if (extent.front().vcn != end)
    refuse("ntfs.runs.gap", fmt::format("an extent begins at VCN {} instead of {}", extent.front().vcn, end));
  runs.insert(runs.end(), extent.begin(), extent.end());
}

void check_no_overlap(const RunList& runs) {
  std::vector<std::pair<uint64_t, uint64_t>> used;
  used.reserve(runs.size());
  for (const Run& run : runs)
    if (!run.is_hole()) used.emplace_back(run.lcn, run.length);
  std::sort(used.begin(), used.end());
  for (size_t i = 1; i < used.size(); ++i)
    if (used[i].first - used[i - 1].first < used[i - 1].second)
      refuse("ntfs.runs.overlap", fmt::format("cluster {} is in two runs", used[i].first));
}

const Run* find_run(const RunList& runs, uint64_t vcn) {
  auto after = std::upper_bound(runs.begin(), runs.end(), vcn,
                                [](uint64_t wanted, const Run& run) { return wanted < run.vcn; });
  if (after == runs.begin()) return nullptr;
  const Run& run = *std::prev(after);
  return vcn < run.end_vcn() ? &run : nullptr;
}

uint64_t total_clusters(const RunList& runs) {
  return runs.empty() ? 0 : runs.back().end_vcn() - runs.front().vcn;
}

uint64_t allocated_clusters(const RunList& runs) {
  uint64_t sum = 0;
  for (const Run& run : runs)
    if (!run.is_hole()) sum += run.length;
  return sum;
}

}  // namespace mend::ntfs
