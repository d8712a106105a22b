// SPDX-License-Identifier: GPL-3.0-or-later
// One index before and after: which entries came and went, and whether the tree around them is sound. Reads
// the root and the blocks that changed, and the way from the root to each of those. A part of verification.
#pragma once

#include <optional>
#include <vector>

#include "ntfs/index.h"

namespace mend::ntfs {

// What an entry says, without its place in the tree.
struct EntryContent {
  uint64_t reference = 0;  // packed; of a view index: where its data lies
  ByteVector key, data;
  auto operator<=>(const EntryContent&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

struct IndexDifference {
  std::vector<EntryContent> removed, added;  // sorted
};

// `before`: nullopt for a directory that was made. `changed_blocks`: blocks in which a byte changed. kRefused
// "ntfs.verify.index.*" when entries or blocks of the tree do not come out even, or are out of order.
IndexDifference compare_index(Volume& volume_before, const std::optional<File>& before, Volume& volume_after,
                              const File& after, std::u16string_view name,
                              const std::vector<uint64_t>& changed_blocks);

}  // namespace mend::ntfs
