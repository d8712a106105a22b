// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/lznt1.h"
#include "ntfs/volume.h"

namespace mend::ntfs {
namespace {

constexpr uint32_t kMaximumUnitBytes = 1 << 20;
constexpr uint16_t kLznt1 = 1;

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, "attribute: " + why);
}

}  // namespace

Stream Stream::resident(Volume& volume, Bytes value) {
  Stream stream(volume);
  stream.value_.assign(value.begin(), value.end());
  stream.size_bytes_ = stream.initialised_bytes_ = stream.allocated_bytes_ = value.size();
  return stream;
}

Stream Stream::non_resident(Volume& volume, const Attribute& first, RunList runs) {
  Stream stream(volume);
  stream.resident_ = false;
  stream.runs_ = std::move(runs);
  stream.flags_ = first.flags;
  stream.size_bytes_ = first.data_bytes;
  stream.initialised_bytes_ = first.initialised_bytes;
  stream.allocated_bytes_ = first.allocated_bytes;
  const uint64_t clusters = total_clusters(stream.runs_);
  const uint32_t cluster_bytes = volume.geometry().cluster_bytes;
  if (clusters > INT64_MAX / cluster_bytes || clusters * cluster_bytes != first.allocated_bytes)
    refuse("ntfs.stream.allocated", fmt::format("its run list covers {} clusters, its size says {} bytes",
                                                clusters, first.allocated_bytes));
  if (first.data_bytes > first.allocated_bytes || first.initialised_bytes > first.data_bytes)
    refuse("ntfs.stream.sizes",
           fmt::format("{} bytes initialised of {}, in {} allocated", first.initialised_bytes,
                       first.data_bytes, first.allocated_bytes));
  if ((first.flags & Attribute::kCompressed) != 0) {
    const uint64_t unit = first.compression_unit_shift < 20
                              ? uint64_t{cluster_bytes} << first.compression_unit_shift
                              : UINT64_MAX;
    if ((first.flags & Attribute::kCompressed) != kLznt1 || first.compression_unit_shift == 0 ||
        unit > kMaximumUnitBytes)
      throw Error(ErrorCode::kUnsupported, "ntfs.stream.compression",
                  fmt::format("compression method {}, unit 2^{} clusters, is not known",
                              first.flags & Attribute::kCompressed, first.compression_unit_shift));
    stream.compression_unit_bytes_ = static_cast<uint32_t>(unit);
  }
  return stream;
}

ByteVector Stream::read_bytes(uint64_t offset, uint64_t length) {
  if (!fits(offset, length, size_bytes_))
    refuse("ntfs.stream.range", fmt::format("{} bytes at {} of {}", length, offset, size_bytes_));
  ByteVector bytes(static_cast<size_t>(length));
  read(offset, bytes);
  return bytes;
}

void Stream::read(uint64_t offset, MutableBytes out) {
  if (!fits(offset, out.size(), size_bytes_))
    refuse("ntfs.stream.range", fmt::format("{} bytes at {} of {}", out.size(), offset, size_bytes_));
  if (encrypted() && !resident_)
    throw Error(ErrorCode::kUnsupported, "ntfs.stream.encrypted", "the attribute is encrypted (EFS)");
  if (resident_) {
    std::copy_n(value_.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
    return;
  }
  const uint64_t initialised = offset < initialised_bytes_ ? initialised_bytes_ - offset : 0;
  const auto real = static_cast<size_t>(std::min<uint64_t>(initialised, out.size()));
  if (compressed())
    read_compressed(offset, out.first(real));
  else
    read_runs(offset, out.first(real));
  std::fill(out.begin() + static_cast<ptrdiff_t>(real), out.end(), uint8_t{0});
}

void Stream::read_runs(uint64_t offset, MutableBytes out) {
  const uint64_t cluster = volume_->geometry().cluster_bytes;
  const Run* run = out.empty() ? nullptr : find_run(runs_, offset / cluster);
  while (!out.empty()) {
    if (run == nullptr || run == runs_.data() + runs_.size())
      refuse("ntfs.stream.run", fmt::format("no run for byte {}", offset));
    const uint64_t within = offset - run->vcn * cluster;
    const auto piece = static_cast<size_t>(std::min<uint64_t>(out.size(), run->length * cluster - within));
    if (run->is_hole())
      std::fill_n(out.begin(), piece, uint8_t{0});
    else
      volume_->read(run->lcn * cluster + within, out.first(piece));
    offset += piece;
    out = out.subspan(piece);
    ++run;
  }
}

void Stream::read_compressed(uint64_t offset, MutableBytes out) {
  while (!out.empty()) {
    load_unit(offset / compression_unit_bytes_);
    const uint64_t within = offset % compression_unit_bytes_;
    const auto piece = static_cast<size_t>(std::min<uint64_t>(out.size(), compression_unit_bytes_ - within));
    std::copy_n(unit_.begin() + static_cast<ptrdiff_t>(within), piece, out.begin());
    offset += piece;
    out = out.subspan(piece);
  }
}

// A unit with all its clusters is stored as it is; with none it is zeros; with some, they hold compressed
// data and holes follow them.
void Stream::load_unit(uint64_t unit) {
  if (unit == loaded_unit_) return;
  const uint64_t cluster = volume_->geometry().cluster_bytes;
  const uint64_t unit_clusters = compression_unit_bytes_ / cluster;
  const uint64_t first = unit * unit_clusters;
  const uint64_t present = std::min(unit_clusters, allocated_bytes_ / cluster - first);
  uint64_t stored = 0;
  bool hole = false;
  for (uint64_t vcn = first; vcn < first + present;) {
    const Run* run = find_run(runs_, vcn);
    if (run == nullptr) refuse("ntfs.stream.run", fmt::format("no run for VCN {}", vcn));
    const uint64_t length = std::min(run->end_vcn(), first + present) - vcn;
    if (run->is_hole())
      hole = true;
    else if (hole)
      refuse("ntfs.stream.unit", fmt::format("data after a hole in the compression unit at VCN {}", first));
    else
      stored += length;
    vcn += length;
  }
  loaded_unit_ = UINT64_MAX;
  unit_.assign(compression_unit_bytes_, 0);
  if (stored != 0) {
    ByteVector packed(static_cast<size_t>(stored * cluster));
    read_runs(first * cluster, packed);
    if (hole)
      decompress_lznt1(packed, unit_);
    else
      std::copy(packed.begin(), packed.end(), unit_.begin());
  }
  loaded_unit_ = unit;
}

std::vector<Range> Stream::ranges(uint64_t offset, uint64_t length) const {
  std::vector<Range> ranges;
  if (resident_) return ranges;
  if (!fits(offset, length, allocated_bytes_))
    refuse("ntfs.stream.range", fmt::format("{} bytes at {} of {}", length, offset, allocated_bytes_));
  const uint64_t cluster = volume_->geometry().cluster_bytes;
  for (const Run* run = find_run(runs_, offset / cluster); length != 0; ++run) {
    const uint64_t within = offset - run->vcn * cluster;
    const uint64_t piece = std::min(length, run->length * cluster - within);
    if (!run->is_hole()) ranges.push_back({run->lcn * cluster + within, piece});
    offset += piece;
    length -= piece;
  }
  return ranges;
}

}  // namespace mend::ntfs
