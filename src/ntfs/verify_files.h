// SPDX-License-Identifier: GPL-3.0-or-later
// One file before and after, attribute by attribute. A part of verification. All throw kRefused
// "ntfs.verify.file.*" with what differs.
#pragma once

#include "ntfs/verify_bits.h"
#include "ntfs/verify_plan.h"

namespace mend::ntfs {

// What may differ beside the names.
struct Tolerance {
  bool index = false;       // $I30: its entries are compared apart
  bool view_index = false;  // likewise, of $Reparse and $ObjId
  bool modified = false;    // time of the last change of the content
  bool grows = false;       // $MFT: its records and their bitmap may be extended
  bool changes = false;     // $UsnJrnl: $J may be extended; by what is judged apart
  std::optional<uint64_t> usn;
  std::optional<uint16_t> volume_flags;
};

// A record that the plan frees: it differs from what it was by the in-use flag, the sequence number and, in a
// base record, the link count. Its names and runs stay, as Windows leaves them.
void compare_freed_record(const Record& before, const Record& after);

// A file that stays. `expected`: its names; null: they do not change. New names carry the times, sizes and
// flags of one that it had. Attributes may move between the file's records, and leave them when their content
// stays what it was.
void compare_file(const File& before, const File& after, const ExpectedFile* expected,
                  const Tolerance& tolerance);

// A directory that was made: the names expected, a descriptor of its own, an index, and nothing else.
void check_made_directory(const File& after, const ExpectedFile& expected);

// Clusters of all attributes, the attribute list too.
void add_clusters(const File& file, UnitSet& into);

}  // namespace mend::ntfs
