// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_analysis.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/record.h"

namespace mend::ntfs {
namespace {

constexpr uint16_t code(LogCode value) {
  return static_cast<uint16_t>(value);
}

}  // namespace

bool is_dump(uint16_t value) {
  return value >= code(LogCode::kOpenAttributeTableDump) && value <= code(LogCode::kTransactionTableDump);
}

std::string describe_record(const LogRecord& record, uint16_t value) {
  return fmt::format("replaying the log, LSN {:#x}, {} ({:#x})", record.lsn, name_of(value), value);
}

void check_known(const LogRecord& record, const LogOperation& operation) {
  for (const uint16_t value : {operation.redo, operation.undo})
    if (target_of(value) == LogTarget::kUnknown)
      throw Error(ErrorCode::kUnsupported, "ntfs.log.operation.unknown",
                  describe_record(record, value) + ": how to do this is not known here");
}

LogAnalysis::LogAnalysis(LogFile& log, uint32_t cluster_bytes) : dirty_pages(cluster_bytes) {
  const RestartPage& restart = *log.restart();
  LogReader reader(log);
  LogRecord record;
  reader.read(restart.restart_lsn, record);
  const LogCheckpoint checkpoint = LogCheckpoint::parse(record);
  if (checkpoint.start != 0) {
    if (checkpoint.start > restart.restart_lsn)
      throw Error(ErrorCode::kCorrupt, "ntfs.log.checkpoint.start",
                  fmt::format("the checkpoint at LSN {:#x} of the log begins at {:#x}, behind itself",
                              restart.restart_lsn, checkpoint.start));
    reader.read(checkpoint.start, record);
  }
  const bool more = record.lsn < log.end();
  const Lsn first = more ? reader.next(record) : 0;
  try {
    load_tables(reader, checkpoint);
  } catch (Error& error) {
    error.with_context(fmt::format("tables of the checkpoint at LSN {:#x} of the log", restart.restart_lsn));
    throw;
  }
  if (more) {
    reader.for_each(first, [&](const LogRecord& each) {
      ++records_read;
      try {
        use(each);
      } catch (Error& error) {
        error.with_context(fmt::format("LSN {:#x}", each.lsn));
        throw;
      }
    });
  }
  if (dirty_pages.empty() && transactions.all().empty()) return;
  redo_from = dirty_pages.oldest(more ? first : log.end());
  for (const auto& [id, transaction] : transactions.all())
    if (transaction.first != 0) redo_from = std::min(redo_from, transaction.first);
}

void LogAnalysis::load_tables(LogReader& reader, const LogCheckpoint& checkpoint) {
  wide_ = checkpoint.wide;
  LogRecord record;
  const auto table = [&](const LogCheckpoint::Dump& dump, LogCode which) {
    reader.read(dump.lsn, record);
    return dumped_table(record, code(which), dump.bytes);
  };
  if (checkpoint.open_attributes.lsn != 0) {
    tables_at_ = checkpoint.open_attributes.lsn;
    attributes.load(table(checkpoint.open_attributes, LogCode::kOpenAttributeTableDump), wide_);
  }
  if (checkpoint.names.lsn != 0) attributes.load_names(table(checkpoint.names, LogCode::kAttributeNamesDump));
  if (checkpoint.dirty_pages.lsn != 0)
    dirty_pages.load(table(checkpoint.dirty_pages, LogCode::kDirtyPageTableDump), wide_, attributes,
                     checkpoint.dirty_pages.lsn);
  if (checkpoint.transactions.lsn != 0)
    transactions.load(table(checkpoint.transactions, LogCode::kTransactionTableDump));
}

void LogAnalysis::use(const LogRecord& record) {
  if (record.type != LogRecord::kOperation) return;  // NLN-1
  const LogOperation operation = LogOperation::parse(record);
  check_known(record, operation);
  if (is_dump(operation.redo)) return;
  use_transaction(record, operation);
  use_target(record, operation);
}

void LogAnalysis::use_transaction(const LogRecord& record, const LogOperation& operation) {
  if (record.transaction == 0)
    throw Error(ErrorCode::kCorrupt, "ntfs.log.transaction.none", "an operation of no transaction");
  if (operation.redo == code(LogCode::kForgetTransaction)) return transactions.forget(record.transaction);
  Transaction& transaction = transactions.at(record.transaction, record.lsn);
  const bool compensation = operation.undo == code(LogCode::kCompensation);
  transaction.undo_next = compensation ? record.undo_next : record.lsn;
  if (operation.redo == code(LogCode::kEndTopLevelAction)) transaction.undo_next = record.undo_next;
  if (operation.redo == code(LogCode::kPrepareTransaction)) transaction.state = Transaction::State::kPrepared;
  if (operation.redo == code(LogCode::kCommitTransaction)) transaction.state = Transaction::State::kCommitted;
}

void LogAnalysis::use_target(const LogRecord& record, const LogOperation& operation) {
  if (operation.redo == code(LogCode::kOpenNonresidentAttribute)) return open_attribute(record, operation);
  if (operation.redo == code(LogCode::kDeleteDirtyClusters))
    return dirty_pages.delete_clusters(redo_bytes(record, operation));
  if (operation.lcn_count == 0) return;
  const OpenAttribute* attribute = attributes.find(operation.target, record.lsn);
  if (attribute == nullptr) {
    // Closed before the table was written, and so were its pages.
    if (record.lsn < tables_at_) return;
    throw Error(ErrorCode::kCorrupt, "ntfs.log.target.none",
                fmt::format("{} is about the open attribute {:#x}, which is none", name_of(operation.redo),
                            operation.target));
  }
  if (operation.redo == code(LogCode::kHotFix))
    return dirty_pages.replace_lcn(operation.target, *attribute, operation.vcn, operation.lcn(0));
  dirty_pages.note(operation.target, *attribute, operation, record.lsn);
}

void LogAnalysis::open_attribute(const LogRecord& record, const LogOperation& operation) {
  OpenAttribute attribute = OpenAttribute::parse(redo_bytes(record, operation), wide_);
  // The entry holds the LSN before its own record; a new one may hold none.
  if (attribute.opened == 0 || attribute.opened > record.lsn) attribute.opened = record.lsn;
  const Bytes name = undo_bytes(record, operation);
  if (name.size() % 2 == 0) attribute.name = Attribute::utf16(name);
  attributes.add(operation.target, std::move(attribute));
}

}  // namespace mend::ntfs
