// SPDX-License-Identifier: GPL-3.0-or-later
// Which bytes of a volume differ, and which structure each of them lies in. The first half of verification:
// what lies in no structure that the plan may touch is refused here.
#pragma once

#include <map>
#include <vector>

#include "ntfs/volume.h"

namespace mend::ntfs {

enum class Structure {
  kMft,            // records; owner: system_record::kMft
  kMftBitmap,      // $MFT's own bitmap
  kClusterBitmap,  // $Bitmap
  kMirror,         // $MFTMirr
  kIndex,          // index blocks of a directory, or of $Reparse or $ObjId
  kIndexBitmap,    // which of them are in use
  kAttributeList,
  kFileData,       // an attribute that left its record, for want of room there
  kHibernation,    // first page of hiberfil.sys
  kChangeRecords,  // $UsnJrnl:$J from its old end to the end of the cluster that it ends in now
};

// A structure, and the record of the file it belongs to.
struct StructureId {
  Structure structure = Structure::kMft;
  uint64_t owner = 0;
  auto operator<=>(const StructureId&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

// Where structures lie on one volume.
class StructureMap {
 public:
  void add(StructureId id, const RunList& runs, uint32_t cluster_bytes);
  void add(StructureId id, const std::vector<Range>& ranges);
  // Sorts; call once, before find(). kRefused "ntfs.verify.overlap" when two structures share bytes.
  void settle();

  struct Piece {
    uint64_t offset = 0, length = 0;  // on the volume
    StructureId id;
    uint64_t position = 0;  // in the structure
    uint64_t end() const { return offset + length; }
  };
  // The piece that holds the byte; null: none.
  const Piece* find(uint64_t offset) const;
  // First byte after `offset` that may lie in another piece.
  uint64_t next_border(uint64_t offset) const;

 private:
  std::vector<Piece> pieces_;
};

struct Changes {
  uint64_t bytes = 0;
  std::map<StructureId, std::vector<Range>> in;  // changed bytes of each structure, by position in it
  // Numbers of the units of that size in which a byte changed, sorted.
  std::vector<uint64_t> units(StructureId id, uint64_t unit_bytes) const;
};

// Compares both volumes in `ranges` and attributes what differs, by `now` or else by `then`. kRefused
// "ntfs.verify.stray".
Changes find_changes(Volume& before, Volume& after, const std::vector<Range>& ranges,
                     const StructureMap& then, const StructureMap& now);

// Whose the bytes at that place of the volume are, for a message: looks through all records.
std::string owner_at(Volume& volume, uint64_t offset);

}  // namespace mend::ntfs
