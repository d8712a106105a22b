// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_sequence.h"

#include "base/bytes.h"

namespace mend::ntfs {

bool LsnSpace::is_place(Lsn lsn) const {
  const uint32_t within = offset_in_page(lsn);
  return sequence(lsn) != 0 && in_ring(page(lsn)) && within >= kLogDataOffset &&
         within + kLogRecordHeaderBytes <= kLogPageBytes;
}

uint64_t LsnSpace::next_page(uint64_t page, uint64_t& sequence) const {
  if (page + 1 < end_page_) return page + 1;
  ++sequence;
  return first_page_;
}

Lsn LsnSpace::next(Lsn lsn, uint64_t end_page, uint32_t end_offset, bool last_of_page) const {
  uint64_t round = sequence(lsn);
  if (end_page < page(lsn)) ++round;
  auto within = static_cast<uint32_t>(align_up(end_offset, 8));
  if (last_of_page || within + kLogRecordHeaderBytes > kLogPageBytes) {
    end_page = next_page(end_page, round);
    within = kLogDataOffset;
  }
  return make(round, end_page * kLogPageBytes + within);
}

Lsn LsnSpace::closing(Lsn end) const {
  // Eight bytes behind the first record of the next round: inside that record's header.
  return make(sequence(end) + 1, first_page_ * kLogPageBytes + kLogDataOffset + 8);
}

}  // namespace mend::ntfs
