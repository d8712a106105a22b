// SPDX-License-Identifier: GPL-3.0-or-later
// Signatures of arrays that Windows machines carry: Intel RST (also where it only caches a disk), SNIA DDF,
// Linux md. Found by our own readers, since a missed one would let us write to one half of a mirror; the
// older vendors' are left to libblkid. FORMAT.md says where each stands.
#pragma once

#include <optional>
#include <string>

#include "block/block_device.h"

namespace mend::disk {

struct RaidSignature {
  std::string kind;  // for messages: "Linux software RAID (md 1.2)"
  uint64_t offset;   // where it stands, in bytes
};

// On a whole disk, or on a partition seen as a window [begin, begin + size_bytes) of `reader`. At most six
// small reads, most of them within the first or last 32 KiB.
std::optional<RaidSignature> find_raid(block::BlockReader& reader, uint64_t begin, uint64_t size_bytes);

// The part of it that stands at the end of a partition: md alone, as no firmware makes arrays of partitions.
// At most two reads.
std::optional<RaidSignature> find_md_at_end(block::BlockReader& reader, uint64_t begin, uint64_t size_bytes);

// md 1.1 and 1.2 in the first 8 KiB of a disk or partition, which are `start`.
std::optional<RaidSignature> find_md_at_start(Bytes start);

// What a technician is told about a member of an array of this kind.
std::string raid_reason(const std::string& kind);

}  // namespace mend::disk
