// SPDX-License-Identifier: GPL-3.0-or-later
// LSNs: the number of a log record is also its place. The high bits count how often the log went round, the
// low ones are the byte offset in $LogFile divided by 8. Used by everything that reads the log. The format of
// the log: LOGFILE.md.
//
// Invariants
//   NL-1  LSNs grow over the life of a volume: a place behind another one, or the same place one round later,
//         has the greater LSN. 0 is no LSN.
#pragma once

#include <cstdint>

namespace mend::ntfs {

using Lsn = uint64_t;

inline constexpr uint32_t kLogPageBytes = 4096;
inline constexpr uint32_t kLogRecordHeaderBytes = 0x30;
inline constexpr uint32_t kLogDataOffset = 0x40;  // of the first record in a page

class LsnSpace {
 public:
  LsnSpace() = default;
  // REQUIRES: 3 < sequence_bits < 61, first_page < end_page, end_page pages lie within 2^(67 - sequence_bits)
  // bytes: what parse_restart_page has proved.
  LsnSpace(uint32_t sequence_bits, uint64_t first_page, uint64_t end_page)
      : offset_bits_(64 - sequence_bits), first_page_(first_page), end_page_(end_page) {}

  uint64_t first_page() const { return first_page_; }
  uint64_t end_page() const { return end_page_; }
  uint64_t ring_pages() const { return end_page_ - first_page_; }

  uint64_t offset(Lsn lsn) const { return (lsn & ((uint64_t{1} << offset_bits_) - 1)) << 3; }
  uint64_t sequence(Lsn lsn) const { return lsn >> offset_bits_; }
  uint64_t page(Lsn lsn) const { return offset(lsn) / kLogPageBytes; }
  uint32_t offset_in_page(Lsn lsn) const { return static_cast<uint32_t>(offset(lsn) % kLogPageBytes); }
  Lsn make(uint64_t sequence, uint64_t offset) const { return (sequence << offset_bits_) | (offset >> 3); }

  // May a record begin there? In a page of the ring, behind its header, with room for a record's header.
  bool is_place(Lsn lsn) const;
  bool in_ring(uint64_t page) const { return page >= first_page_ && page < end_page_; }
  // The next page of the ring; `sequence` counts the wrap.
  uint64_t next_page(uint64_t page, uint64_t& sequence) const;
  // The LSN of the place behind a record that began at `lsn` and ended at `end_offset` of `end_page`.
  // `last_of_page`: no other record begins in that page.
  Lsn next(Lsn lsn, uint64_t end_page, uint32_t end_offset, bool last_of_page) const;
  // Greater than the LSN of every record up to `end`, and never the LSN of a record itself: what a replay
  // stamps on what it undid, and the current LSN of the closed log.
  Lsn closing(Lsn end) const;

 private:
  uint32_t offset_bits_ = 0;
  uint64_t first_page_ = 0;
  uint64_t end_page_ = 0;
};

}  // namespace mend::ntfs
