// SPDX-License-Identifier: GPL-3.0-or-later
// A PC that stops in the middle of its work: files come, grow, move and go, each operation is a transaction
// in the log, and the power goes before one of the writes that would have brought the pages to their places.
//
// Invariants
//   C-1  A page is written after the records about it: the log holds all that the pages on the disk do.
//   C-2  Of the operations that the log holds, the last one may lack its end; its pages may be written.
//   C-3  What a file holds is never in the log: it is on the disk.
#pragma once

#include <functional>

#include "tools/brokenpc/log_writer.h"
#include "tools/brokenpc/ntfs_writer.h"
#include "tools/brokenpc/snapshot.h"

namespace mend::brokenpc {

class Crash {
 public:
  // Works on the volume that `writer` has open at `volume_offset` of `image`. `after`, if given, is called
  // with the image in the state after so many operations, from 0 on. REQUIRES: clusters of 4096 bytes.
  Crash(NtfsWriter& writer, const ImageFile& image, uint64_t volume_offset, uint16_t log_major,
        const std::function<void(size_t operations)>& after = {});

  size_t operations() const { return logs_.size() - 1; }
  // Writes of pages in all.
  uint64_t writes() const { return writes_.size(); }
  // How many operations had ended when the power went before write `cut` (all of them at writes()).
  size_t committed(uint64_t cut) const;
  // Makes the volume what it was then, its log too. REQUIRES: cut <= writes(), the writer is closed.
  void leave(ImageFile& image, uint64_t cut) const;

 private:
  struct Write {
    size_t operation = 0;  // that had not ended then
    uint64_t offset = 0;
    Structure page;
  };
  struct Target {
    uint64_t owner = 0;
    uint32_t type = 0;
    ByteVector name;
    uint64_t opened = 0;  // LSN
  };
  struct Pending {
    uint64_t oldest = 0;  // LSN
    Structure page;
  };

  void run(size_t operation, bool pages_first);
  uint16_t slot_of(const Structure& structure, uint32_t transaction);
  void checkpoint();
  ByteVector entry_of(const Target& target) const;

  const ImageFile& image_;
  uint64_t volume_offset_;
  uint64_t log_offset_ = 0, mirror_offset_ = 0;  // on the volume
  LogWriter log_;
  Snapshot first_, now_;
  std::vector<Target> targets_;  // slot by slot
  std::map<uint64_t, Pending> pending_;
  std::vector<LogWriter> logs_;  // as it is while the operation has not ended; last: when all have
  std::vector<Write> writes_;
};

}  // namespace mend::brokenpc
