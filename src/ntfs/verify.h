// SPDX-License-Identifier: GPL-3.0-or-later
// The judge of what was written: every changed byte is attributed, by the volume as it was, to a structure
// that the plan meant to change, and every structure changed as the plan said and in no other way. Used by
// repair/ before a commit. It uses our own readers only, never the library that wrote.
//
// Invariants
//   NW-1  A changed byte that no planned edit explains is refused: data of users, another file's record or
//   directory
//         entry, a bit of a bitmap, anything outside the file system.
//   NW-2  Clusters that were taken were free before and belong to an expected structure after; clusters that
//   were freed
//         belonged to a file that the plan deletes, or to what it no longer needs. Bits and runs agree
//         exactly.
//   NW-3  Directory entries before and after differ by the planned names exactly; all others are the same, to
//   the byte.
//   NW-5  Behind the end of $UsnJrnl:$J come the records of the edits, in their order, to the byte but for
//   their
//         time, and nothing else; a file that is left has the USN of its last record.
//   NW-4  The cost follows what was changed, not the size of the volume or of a directory.
// Throws kRefused "ntfs.verify.*" with a text that says what changed, where, and whose it is.
#pragma once

#include <vector>

#include "ntfs/volume.h"

namespace mend::ntfs {

// One thing that a plan does, in terms of the volume as it was.
struct PlannedEdit {
  enum class Kind {
    kRemove,             // `name` of `file` in `parent`, with its paired DOS name
    kRename,             // the same, and `new_name` in `new_parent` instead; a quarantine is one of these
    kMakeDirectory,      // `new_name` in `new_parent`; `file`: the directory that was made
    kVolumeFlags,        // $Volume is written; afterwards it has `volume_flags`
    kHibernationHeader,  // the first 4096 bytes of hiberfil.sys become zeros
    kChangeJournal,      // records of all edits are appended to $UsnJrnl, which is `file`
  };
  Kind kind = Kind::kRemove;
  MftReference file;
  MftReference parent;
  std::u16string name;
  MftReference new_parent;
  std::u16string new_name;
  uint16_t volume_flags = 0;
};

struct VerifyReport {
  uint64_t changed_bytes = 0;
  std::vector<uint64_t> records;  // MFT records that changed, sorted
  uint64_t clusters_freed = 0, clusters_taken = 0;
};

// `changed`: where the volume may differ, such as the overlay's blocks, in bytes of the volume; outside them
// nothing is read. Ranges may reach beyond the file system (and what changed there is refused). Edits are in
// the order in which they were applied: directories first, then moves, removals last, so that no edit takes
// an MFT record that another has freed (a plan in another order may be refused). kRefused, kIo, kCorrupt when
// a structure cannot be read.
VerifyReport verify_changes(Volume& before, Volume& after, const std::vector<Range>& changed,
                            const std::vector<PlannedEdit>& edits);

}  // namespace mend::ntfs
