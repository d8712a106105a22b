// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/verify_map.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;

// Through the volume's cache where it can: most of it was read a moment ago.
void read_bytes(Volume& volume, uint64_t offset, MutableBytes out) {
  if (fits(offset, out.size(), volume.geometry().volume_bytes()))
    volume.read(offset, out);
  else
    volume.reader().read(offset, out);
}

std::string name_of(Volume& volume, uint64_t record) {
  try {
    const Record found = volume.read_record(record);
    const uint64_t base = found->is_base() ? record : found->base().record;
    const FileInfo info = volume.stat(volume.read_record(base)->reference());
    return fmt::format("\"{}\" (MFT record {})", printable(to_utf8(info.name)), base);
  } catch (const Error&) {
    return fmt::format("the file in MFT record {}", record);
  }
}

bool holds_cluster(Volume& volume, const RecordView& record, uint64_t lcn) {
  bool found = false;
  record.for_each_attribute([&](const Attribute& attribute) {
    if (attribute.resident || found) return;
    RunDecoder runs(attribute.mapping_pairs, attribute.lowest_vcn, attribute.highest_vcn,
                    volume.geometry().cluster_count);
    for (Run run; !found && runs.next(run);)
      found = !run.is_hole() && lcn >= run.lcn && lcn - run.lcn < run.length;
  });
  return found;
}

}  // namespace

void StructureMap::add(StructureId id, const RunList& runs, uint32_t cluster_bytes) {
  for (const Run& run : runs)
    if (!run.is_hole())
      pieces_.push_back({run.lcn * cluster_bytes, run.length * cluster_bytes, id, run.vcn * cluster_bytes});
}

void StructureMap::add(StructureId id, const std::vector<Range>& ranges) {
  uint64_t position = 0;
  for (const Range& range : ranges) {
    pieces_.push_back({range.offset, range.length, id, position});
    position += range.length;
  }
}

void StructureMap::settle() {
  std::sort(pieces_.begin(), pieces_.end(),
            [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  for (size_t i = 1; i < pieces_.size(); ++i)
    if (pieces_[i].offset < pieces_[i - 1].end())
      throw Error(ErrorCode::kRefused, "ntfs.verify.overlap",
                  fmt::format("MFT records {} and {} claim the same bytes at {} of the volume",
                              pieces_[i - 1].id.owner, pieces_[i].id.owner, pieces_[i].offset));
}

const StructureMap::Piece* StructureMap::find(uint64_t offset) const {
  auto after = std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                                [](uint64_t at, const Piece& piece) { return at < piece.offset; });
  if (after == pieces_.begin()) return nullptr;
  const Piece& candidate = *std::prev(after);
  return offset < candidate.end() ? &candidate : nullptr;
}

uint64_t StructureMap::next_border(uint64_t offset) const {
  if (const Piece* piece = find(offset)) return piece->end();
  auto after = std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                                [](uint64_t at, const Piece& piece) { return at < piece.offset; });
  return after == pieces_.end() ? UINT64_MAX : after->offset;
}

std::vector<uint64_t> Changes::units(StructureId id, uint64_t unit_bytes) const {
  std::vector<uint64_t> units;
  const auto found = in.find(id);
  if (found == in.end()) return units;
  for (const Range& range : found->second)
    for (uint64_t unit = range.offset / unit_bytes; unit * unit_bytes < range.offset + range.length; ++unit)
      units.push_back(unit);
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  return units;
}

Changes find_changes(Volume& before, Volume& after, const std::vector<Range>& ranges,
                     const StructureMap& then, const StructureMap& now) {
  Changes changes;
  const auto attribute = [&](uint64_t from, uint64_t to) {
    changes.bytes += to - from;
    while (from < to) {
      const StructureMap::Piece* piece = now.find(from);
      // What the structure has left since is no longer in `now`.
      if (piece == nullptr) piece = then.find(from);
      if (piece == nullptr)
        throw Error(ErrorCode::kRefused, "ntfs.verify.stray",
                    fmt::format("{} bytes changed at {} of the volume, {}, which the plan does not touch",
                                to - from, from, owner_at(before, from)));
      const uint64_t end = std::min({to, piece->end(), now.next_border(from)});
      changes.in[piece->id].push_back({piece->position + (from - piece->offset), end - from});
      from = end;
    }
  };
  const uint64_t size = std::min(before.reader().size_bytes(), after.reader().size_bytes());
  ByteVector old_bytes, new_bytes;
  for (const Range& range : ranges) {
    if (range.offset >= size)
      throw Error(ErrorCode::kRefused, "ntfs.verify.outside",
                  fmt::format("a change at {} lies behind the volume's end at {}", range.offset, size));
    const uint64_t range_end = range.offset + std::min(range.length, size - range.offset);
    for (uint64_t at = range.offset; at < range_end;) {
      const auto length = static_cast<size_t>(std::min(kPieceBytes, range_end - at));
      old_bytes.resize(length);
      new_bytes.resize(length);
      read_bytes(before, at, old_bytes);
      read_bytes(after, at, new_bytes);
      for (size_t i = 0; i < length;) {
        const auto [differs, other] =
            std::mismatch(old_bytes.begin() + static_cast<ptrdiff_t>(i), old_bytes.end(),
                          new_bytes.begin() + static_cast<ptrdiff_t>(i));
        i = static_cast<size_t>(differs - old_bytes.begin());
        size_t end = i;
        while (end < length && old_bytes[end] != new_bytes[end]) ++end;
        if (end != i) attribute(at + i, at + end);
        i = end;
      }
      at += length;
    }
  }
  return changes;
}

std::string owner_at(Volume& volume, uint64_t offset) {
  const Geometry& geometry = volume.geometry();
  if (offset >= geometry.volume_bytes()) return "behind the file system's clusters";
  const uint64_t lcn = offset / geometry.cluster_bytes;
  try {
    Stream mft = volume.mft();
    for (const Run& run : mft.runs())
      if (!run.is_hole() && lcn >= run.lcn && lcn - run.lcn < run.length) {
        const uint64_t position =
            run.vcn * geometry.cluster_bytes + (offset - volume.cluster_offset(run.lcn));
        return "in the record of " + name_of(volume, position / geometry.record_bytes);
      }
    if (!volume.cluster_bit(lcn)) return "in a cluster that is free";
    const uint64_t per_piece = kPieceBytes / geometry.record_bytes;
    for (uint64_t first = 0; first < volume.record_count(); first += per_piece) {
      const uint64_t count = std::min(per_piece, volume.record_count() - first);
      ByteVector piece = mft.read_bytes(first * geometry.record_bytes, count * geometry.record_bytes);
      for (uint64_t i = 0; i < count; ++i) {
        Bytes raw = slice(Bytes(piece), i * geometry.record_bytes, geometry.record_bytes);
        if (raw[0] != 'F') continue;
        try {
          const Record record = Record::parse({raw.begin(), raw.end()}, first + i);
          if (record->in_use() && holds_cluster(volume, record.view(), lcn))
            return "in " + name_of(volume, first + i);
        } catch (const Error& error) {
          if (error.code() == ErrorCode::kIo) throw;  // a damaged record owns nothing that can be told
        }
      }
    }
  } catch (const Error&) {
    return "in a place whose owner cannot be read";
  }
  return "in a cluster that no file claims";
}

}  // namespace mend::ntfs
