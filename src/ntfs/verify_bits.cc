// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/verify_bits.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kPieceBytes = 64 << 10;

// Bytes of a bitmap; what lies behind its end counts as clear.
ByteVector bits_at(Stream& bitmap, uint64_t offset, uint64_t length) {
  ByteVector bytes(static_cast<size_t>(length));
  if (offset < bitmap.size_bytes())
    bitmap.read(offset, MutableBytes(bytes).first(
                            static_cast<size_t>(std::min(length, bitmap.size_bytes() - offset))));
  return bytes;
}

// The first unit of the range whose bit is not `wanted`.
std::optional<uint64_t> find_other(Stream& bitmap, const Range& range, bool wanted) {
  const uint64_t end = range.offset + range.length;
  for (uint64_t unit = range.offset; unit < end;) {
    const uint64_t byte = unit / 8;
    const ByteVector bytes = bits_at(bitmap, byte, std::min(kPieceBytes, (end + 7) / 8 - byte));
    const uint8_t plain = wanted ? 0xff : 0x00;
    for (const uint64_t piece_end = std::min(end, (byte + bytes.size()) * 8); unit < piece_end;) {
      const uint8_t value = bytes[static_cast<size_t>(unit / 8 - byte)];
      if (unit % 8 == 0 && unit + 8 <= piece_end && value == plain) {
        unit += 8;
        continue;
      }
      if (((value >> (unit % 8)) & 1) != (wanted ? 1 : 0)) return unit;
      ++unit;
    }
  }
  return std::nullopt;
}

[[noreturn]] void refuse(const char* id, const char* what, uint64_t unit, const char* why) {
  throw Error(ErrorCode::kRefused, id, fmt::format("{} {} {}", what, unit, why));
}

}  // namespace

bool UnitSet::settle() {
  std::sort(ranges_.begin(), ranges_.end());
  bool disjoint = true;
  std::vector<Range> joined;
  for (const Range& range : ranges_) {
    if (range.length == 0) continue;
    if (!joined.empty() && range.offset <= joined.back().offset + joined.back().length) {
      Range& last = joined.back();
      disjoint = disjoint && range.offset == last.offset + last.length;
      last.length = std::max(last.offset + last.length, range.offset + range.length) - last.offset;
    } else {
      joined.push_back(range);
    }
  }
  ranges_ = std::move(joined);
  return disjoint;
}

bool UnitSet::contains(uint64_t unit) const {
  auto after = std::upper_bound(ranges_.begin(), ranges_.end(), unit,
                                [](uint64_t at, const Range& range) { return at < range.offset; });
  return after != ranges_.begin() && unit - std::prev(after)->offset < std::prev(after)->length;
}

uint64_t UnitSet::count() const {
  uint64_t count = 0;
  for (const Range& range : ranges_) count += range.length;
  return count;
}

UnitSet UnitSet::minus(const UnitSet& other) const {
  UnitSet result;
  auto cut = other.ranges_.begin();
  for (Range range : ranges_) {
    while (cut != other.ranges_.end() && cut->offset + cut->length <= range.offset) ++cut;
    for (auto at = cut; at != other.ranges_.end() && at->offset < range.offset + range.length; ++at) {
      if (at->offset > range.offset) result.add(range.offset, at->offset - range.offset);
      const uint64_t end = range.offset + range.length;
      range.offset = std::min(end, at->offset + at->length);
      range.length = end - range.offset;
    }
    if (range.length != 0) result.add(range.offset, range.length);
  }
  return result;
}

void check_bitmap(const BitmapChange& change) {
  for (const Range& range : change.changed_bytes) {
    if (!fits(range.offset, range.length, change.after.size_bytes()))
      refuse("ntfs.verify.bit.slack", change.what, range.offset * 8,
             "changed in the bitmap, which ends before it");
    const ByteVector then = bits_at(change.before, range.offset, range.length);
    const ByteVector now = bits_at(change.after, range.offset, range.length);
    for (size_t i = 0; i < then.size(); ++i)
      for (unsigned bit = 0; bit < 8; ++bit) {
        const uint64_t unit = (range.offset + i) * 8 + bit;
        if ((((then[i] ^ now[i]) >> bit) & 1) == 0) continue;
        const bool set = ((now[i] >> bit) & 1) != 0;
        if (set && !change.taken.contains(unit))
          refuse("ntfs.verify.bit.set", change.what, unit,
                 "was marked as used, and nothing that the plan makes uses it");
        if (!set && !change.freed.contains(unit))
          refuse("ntfs.verify.bit.cleared", change.what, unit,
                 "was marked as free, and the plan frees nothing there");
      }
  }
  for (const Range& range : change.freed.ranges())
    if (const auto unit = find_other(change.after, range, false))
      refuse("ntfs.verify.bit.kept", change.what, *unit,
             "belongs to nothing any more and is still marked as used");
  for (const Range& range : change.taken.ranges()) {
    if (const auto unit = find_other(change.before, range, false))
      refuse("ntfs.verify.bit.stolen", change.what, *unit, "was taken though it was in use before");
    if (const auto unit = find_other(change.after, range, true))
      refuse("ntfs.verify.bit.missing", change.what, *unit, "was taken and is not marked as used");
  }
}

}  // namespace mend::ntfs
