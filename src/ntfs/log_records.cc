// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace mend::ntfs {
namespace {

constexpr size_t kOperationBytes = 0x20;

[[noreturn]] void refuse(const char* id, Lsn lsn, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, fmt::format("the record at LSN {:#x} of the log {}", lsn, why));
}

}  // namespace

void LogReader::read(Lsn lsn, LogRecord& into) {
  // +0x00 this LSN, +0x08 previous, +0x10 undo next, +0x18 length of the data, +0x1C client sequence, +0x1E
  // client, +0x20 type, +0x24 transaction, +0x28 flags
  const LsnSpace& space = log_.space();
  if (!space.is_place(lsn)) refuse("ntfs.log.record.place", lsn, "has no place in it");
  const RecordPage* page = log_.page(space.page(lsn));
  if (page == nullptr) refuse("ntfs.log.record.page", lsn, "lies in a page that is torn or wiped");
  if (page->last_lsn < lsn) refuse("ntfs.log.record.old", lsn, "lies in a page that is older than it");
  const Struct<kLogRecordHeaderBytes> header(page->bytes, space.offset_in_page(lsn));
  if (header.get<uint64_t, 0x00>() != lsn)
    refuse("ntfs.log.record.lsn", lsn, "is not there; another one was written over it");
  into.lsn = lsn;
  into.previous = header.get<uint64_t, 0x08>();
  into.undo_next = header.get<uint64_t, 0x10>();
  const uint32_t length = header.get<uint32_t, 0x18>();
  into.type = header.get<uint32_t, 0x20>();
  into.transaction = header.get<uint32_t, 0x24>();
  into.flags = header.get<uint16_t, 0x28>();
  if (length > kLargestRecordBytes || length > space.ring_pages() * kLogPageBytes)
    refuse("ntfs.log.record.length", lsn, fmt::format("states a length of {}", length));
  const RestartPage& restart = *log_.restart();
  if (header.get<uint16_t, 0x1e>() != restart.client_index ||
      header.get<uint16_t, 0x1c>() != restart.client_sequence ||
      (into.type != LogRecord::kOperation && into.type != LogRecord::kCheckpoint))
    refuse("ntfs.log.record.client", lsn, "is not one of NTFS, or of a kind that is not known");
  into.data.clear();
  into.end_page = space.page(lsn);
  into.end_offset = space.offset_in_page(lsn) + kLogRecordHeaderBytes;
  uint64_t sequence = space.sequence(lsn);
  while (into.data.size() < length) {
    if (into.end_offset == kLogPageBytes) {
      into.end_page = space.next_page(into.end_page, sequence);
      into.end_offset = kLogDataOffset;
      page = log_.page(into.end_page);
      if (page == nullptr || page->last_lsn < lsn)
        refuse("ntfs.log.record.tail", lsn, "goes on in a page that is torn, wiped or older than it");
    }
    const size_t piece = std::min<size_t>(length - into.data.size(), kLogPageBytes - into.end_offset);
    const Bytes part = slice(page->bytes, into.end_offset, piece);
    into.data.insert(into.data.end(), part.begin(), part.end());
    into.end_offset += static_cast<uint32_t>(piece);
  }
}

Lsn LogReader::next(const LogRecord& record) {
  const RecordPage* page = log_.page(record.end_page);
  if (page == nullptr) refuse("ntfs.log.record.next", record.lsn, "ends in a page that is torn or wiped");
  const Lsn next =
      log_.space().next(record.lsn, record.end_page, record.end_offset, page->last_lsn == record.lsn);
  if (next <= record.lsn)
    refuse("ntfs.log.record.order", record.lsn, "is followed by an older one");  // NLR-2
  return next;
}

void LogReader::missed_end(Lsn first) const {
  throw Error(ErrorCode::kCorrupt, "ntfs.log.record.end",
              fmt::format("the records from LSN {:#x} of the log on do not lead to its end at {:#x}", first,
                          log_.end()));
}

LogOperation LogOperation::parse(const LogRecord& record) {
  // +0x00 redo, +0x02 undo operation, +0x04 redo offset, +0x06 length, +0x08 undo offset, +0x0A length, +0x0C
  // target attribute, +0x0E LCNs, +0x10 record offset, +0x12 attribute offset, +0x14 block offset, +0x18 VCN,
  // +0x20 LCNs
  if (record.data.size() < kOperationBytes)
    refuse("ntfs.log.operation.short", record.lsn, "is too short for an operation");
  const Struct<kOperationBytes> fields(record.data, 0);
  LogOperation out;
  out.redo = fields.get<uint16_t, 0x00>();
  out.undo = fields.get<uint16_t, 0x02>();
  out.redo_offset = fields.get<uint16_t, 0x04>();
  out.redo_length = fields.get<uint16_t, 0x06>();
  out.undo_offset = fields.get<uint16_t, 0x08>();
  out.undo_length = fields.get<uint16_t, 0x0a>();
  out.target = fields.get<uint16_t, 0x0c>();
  out.lcn_count = fields.get<uint16_t, 0x0e>();
  out.record_offset = fields.get<uint16_t, 0x10>();
  out.attribute_offset = fields.get<uint16_t, 0x12>();
  out.block_offset = fields.get<uint16_t, 0x14>();
  out.vcn = fields.get<uint64_t, 0x18>();
  if (!fits(kOperationBytes, size_t{8} * out.lcn_count, record.data.size()))
    refuse("ntfs.log.operation.lcns", record.lsn,
           fmt::format("names {} clusters and is too short", out.lcn_count));
  out.lcns = Bytes(record.data).subspan(kOperationBytes, size_t{8} * out.lcn_count);
  return out;
}

namespace {

Bytes half(const LogRecord& record, uint16_t no_bytes, uint16_t offset, uint16_t length) {
  if ((record.flags & no_bytes) != 0 || length == 0) return {};
  if (!fits(offset, length, record.data.size()))
    refuse("ntfs.log.operation.bytes", record.lsn,
           fmt::format("says its bytes lie at {} to {} of {}", offset, offset + length, record.data.size()));
  return Bytes(record.data).subspan(offset, length);
}

}  // namespace

Bytes redo_bytes(const LogRecord& record, const LogOperation& operation) {
  return half(record, LogRecord::kNoRedoBytes, operation.redo_offset, operation.redo_length);
}

Bytes undo_bytes(const LogRecord& record, const LogOperation& operation) {
  return half(record, LogRecord::kNoUndoBytes, operation.undo_offset, operation.undo_length);
}

}  // namespace mend::ntfs
