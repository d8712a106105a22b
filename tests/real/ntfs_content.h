// SPDX-License-Identifier: GPL-3.0-or-later
// All that a volume means, as lines of text: two volumes are the same when their lines are, whatever their
// LSNs, check values and unused bytes are. What the log is about and what a user sees, but not the log.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "ntfs/index.h"
#include "ntfs/volume.h"

namespace mend::test {

using Lines = std::multiset<std::string>;

inline std::string printed(Bytes bytes) {
  return bytes.size() <= 512 ? to_hex(bytes) : fmt::format("crc {:08x}", crc32(bytes));
}

inline void add_index(ntfs::Volume& volume, const ntfs::File& file, const ntfs::Attribute& root,
                      Lines& lines) {
  ntfs::Index index(volume, file, root.name());
  index.walk(nullptr, [&](const ntfs::IndexEntry& entry) {
    if (!entry.is_last())
      lines.insert(fmt::format("record {} index {}: {} -> {:x} {}", file.reference().record,
                               to_hex(root.name_le), to_hex(entry.key), entry.reference, to_hex(entry.data)));
    return true;
  });
}

inline void add_attribute(ntfs::Volume& volume, const ntfs::File& file, const ntfs::Attribute& each,
                          Lines& lines) {
  using ntfs::AttributeType;
  const uint64_t record = file.reference().record;
  const std::string head = fmt::format("record {} attribute {:x} {} flags {:x}", record,
                                       static_cast<uint32_t>(each.type), to_hex(each.name_le), each.flags);
  if (each.type == AttributeType::kIndexRoot) {
    add_index(volume, file, each, lines);
    return;
  }
  if (each.resident) {
    lines.insert(fmt::format("{}: {} bytes {}", head, each.value.size(), printed(each.value)));
    return;
  }
  lines.insert(fmt::format("{}: VCN {}, sizes {} {} {}, pairs {}", head, each.lowest_vcn,
                           each.allocated_bytes, each.data_bytes, each.initialised_bytes,
                           to_hex(each.mapping_pairs)));
  const bool content = each.lowest_vcn == 0 && each.type != AttributeType::kIndexAllocation && record >= 3 &&
                       each.data_bytes < (16 << 20) && (each.flags & ntfs::Attribute::kEncrypted) == 0;
  if (content || (each.lowest_vcn == 0 && each.type == AttributeType::kBitmap)) {
    ntfs::Stream stream = file.stream_of(each);
    lines.insert(fmt::format("{}: content {}", head, printed(stream.read_bytes(0, stream.size_bytes()))));
  }
}

// Of every file in use.
inline Lines content_of(block::BlockReader& device) {
  ntfs::Volume volume(device);
  Lines lines;
  for (uint64_t number = 0; number < volume.record_count(); ++number) {
    try {
      const ntfs::Record record = volume.read_record(number);
      if (!record->in_use() || !record->is_base()) continue;
      lines.insert(fmt::format("record {} sequence {} links {} flags {:x}", number, record->sequence(),
                               record->link_count(), record->flags()));
      const ntfs::File file = volume.open_record(number);
      for (const ntfs::Attribute& each : file.attributes()) add_attribute(volume, file, each, lines);
    } catch (const Error& error) {
      // Records that were never used hold anything.
      if (volume.record_bit(number)) lines.insert(fmt::format("record {} {}", number, error.what()));
    }
  }
  return lines;
}

inline std::vector<std::string> missing_from(const Lines& lines, const Lines& other) {
  std::vector<std::string> out;
  std::set_difference(lines.begin(), lines.end(), other.begin(), other.end(), std::back_inserter(out));
  return out;
}

}  // namespace mend::test
