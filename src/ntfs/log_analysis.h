// SPDX-License-Identifier: GPL-3.0-or-later
// The first pass of a replay: from the last checkpoint to the end of the log, what was open, which pages wait
// for their changes, and which transactions did not end. Reads only.
//
// Invariants
//   NLN-1  Only the checkpoint that a restart page names counts.
//   NLN-2  A record whose operation is not known ends it with kUnsupported, whatever it is about.
#pragma once

#include "ntfs/log_codes.h"
#include "ntfs/log_tables.h"

namespace mend::ntfs {

struct LogAnalysis {
  // REQUIRES: log.open_ring() returned. kCorrupt, kUnsupported, naming the LSN and the operation.
  LogAnalysis(LogFile& log, uint32_t cluster_bytes);

  OpenAttributes attributes;
  DirtyPages dirty_pages;
  Transactions transactions;  // those that did not end
  Lsn redo_from = 0;          // 0: nothing to do
  uint64_t records_read = 0;

 private:
  void load_tables(LogReader& reader, const LogCheckpoint& checkpoint);
  void use(const LogRecord& record);
  void use_transaction(const LogRecord& record, const LogOperation& operation);
  void use_target(const LogRecord& record, const LogOperation& operation);
  void open_attribute(const LogRecord& record, const LogOperation& operation);

  Lsn tables_at_ = 0;  // LSN of the open attribute table's dump
  bool wide_ = true;
};

// A record that dumps a table is part of no transaction, though it carries the number of one.
bool is_dump(uint16_t code);
// kUnsupported where how to redo or undo it is not known.
void check_known(const LogRecord& record, const LogOperation& operation);
std::string describe_record(const LogRecord& record, uint16_t code);

}  // namespace mend::ntfs
