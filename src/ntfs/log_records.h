// SPDX-License-Identifier: GPL-3.0-or-later
// The records of $LogFile: read by LSN, over page boundaries, one after the other; and the fields of an
// operation's record. Layouts: LOGFILE.md.
//
// Invariants
//   NLR-1  A LogRecord that is delivered states the LSN that it was asked for, lies in whole pages that are
//   as
//          new as it, and is no longer than kLargestRecordBytes.
//   NLR-2  A row of next() ends: each LSN is greater than the one before.
#pragma once

#include "ntfs/field.h"
#include "ntfs/log_file.h"

namespace mend::ntfs {

struct LogRecord {
  static constexpr uint16_t kSpansPages = 1, kNoRedoBytes = 2, kNoUndoBytes = 4;  // flags
  static constexpr uint32_t kOperation = 1, kCheckpoint = 2;                      // types

  Lsn lsn = 0;
  Lsn previous = 0;
  Lsn undo_next = 0;
  uint32_t type = 0;
  uint32_t transaction = 0;  // offset in the transaction table
  uint16_t flags = 0;
  ByteVector data;  // of the client
  // Where it ends.
  uint64_t end_page = 0;
  uint32_t end_offset = 0;
};

class LogReader {
 public:
  static constexpr uint32_t kLargestRecordBytes = 16 << 20;

  // REQUIRES: log.open_ring() returned. Borrows the log.
  explicit LogReader(LogFile& log) : log_(log) {}
  // kCorrupt "ntfs.log.record.*", naming the LSN.
  void read(Lsn lsn, LogRecord& into);
  // The LSN behind a record that read() delivered. kCorrupt.
  Lsn next(const LogRecord& record);
  // Calls use(record) for each record from `first` to the end of the log. kCorrupt when the row misses the
  // end.
  template <typename Use>
  void for_each(Lsn first, Use&& use) {
    LogRecord record;
    for (Lsn lsn = first; lsn <= log_.end();) {
      read(lsn, record);
      use(static_cast<const LogRecord&>(record));
      if (lsn == log_.end()) return;
      lsn = next(record);
    }
    missed_end(first);
  }

 private:
  [[noreturn]] void missed_end(Lsn first) const;

  LogFile& log_;
};

// What an operation's record says, besides its bytes.
struct LogOperation {
  // kCorrupt "ntfs.log.operation.*".
  static LogOperation parse(const LogRecord& record);

  uint16_t redo = 0, undo = 0;
  uint16_t redo_offset = 0, redo_length = 0;
  uint16_t undo_offset = 0, undo_length = 0;
  uint16_t target = 0;  // offset in the open attribute table
  uint16_t lcn_count = 0;
  uint16_t record_offset = 0, attribute_offset = 0;
  uint16_t block_offset = 0;  // in units of 512 bytes
  uint64_t vcn = 0;
  Bytes lcns;  // as on disk; lives as long as the record

  uint64_t lcn(size_t index) const { return read_le<uint64_t>(lcns, 8 * index); }
};

// The bytes of one half; lives as long as the record. Empty where the record stores none. kCorrupt.
Bytes redo_bytes(const LogRecord& record, const LogOperation& operation);
Bytes undo_bytes(const LogRecord& record, const LogOperation& operation);

}  // namespace mend::ntfs
