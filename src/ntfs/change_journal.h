// SPDX-License-Identifier: GPL-3.0-or-later
// The volume's change journal, \$Extend\$UsnJrnl: a history of what was done to files, that backup programs,
// indexers and virus scanners follow. Reads only: where a record may be appended, and what a record says.
// Used by repair/ to decide whether the changes of a repair are recorded, and by verification to judge what
// was. Layout: FORMAT.md.
//
// Invariants
//   NCJ-1  Doubt leaves the journal alone: records are appended only behind a last page that is whole.
//   NCJ-2  A record lies in one page of 4096 bytes; its USN is its offset in $J, and $J ends where the last
//          record ends.
#pragma once

#include <cstdint>
#include <optional>

#include "ntfs/volume.h"

namespace mend::ntfs {

inline constexpr uint64_t kChangePageBytes = 4096;  // of any volume, whatever its clusters
inline constexpr std::u16string_view kChangeStream = u"$J";

// Reasons of a record, USN_REASON_* in winioctl.h.
namespace change_reason {
inline constexpr uint32_t kFileCreate = 0x100, kFileDelete = 0x200, kRenameOldName = 0x1000,
                          kRenameNewName = 0x2000, kHardLinkChange = 0x10000, kClose = 0x80000000;
}

// What one record says.
struct Change {
  MftReference file, parent;
  std::u16string name;
  uint32_t reason = 0;
  uint32_t attributes = 0;                          // FILE_ATTRIBUTE_*
  auto operator<=>(const Change&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

struct ChangeRecord {
  static constexpr size_t kHeaderBytes = 0x3c;
  Change change;
  uint64_t usn = 0;
  uint64_t time = 0;    // FILETIME
  uint32_t length = 0;  // in bytes, a multiple of 8

  // A record of version 2.0 at the beginning of `bytes`, as a repair writes it: neither source nor security
  // id, zeros behind the name. kCorrupt "ntfs.changes.record".
  static ChangeRecord parse(Bytes bytes);
};

struct ChangeJournal {
  MftReference file;
  uint64_t next_usn = 0;  // where $J ends
};

// FILE_ATTRIBUTE_* as a record has them, from those of $STANDARD_INFORMATION.
uint32_t change_attributes(uint32_t attributes, bool is_directory);

// nullopt: the volume has no change journal. NCJ-1: kUnsupported "ntfs.changes.*" with what forbids to append
// to the one that it has; kCorrupt, kIo. `volume_flags`: of $VOLUME_INFORMATION.
std::optional<ChangeJournal> find_change_journal(Volume& volume, uint16_t volume_flags);

}  // namespace mend::ntfs
