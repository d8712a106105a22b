// SPDX-License-Identifier: GPL-3.0-or-later
// The pages of $LogFile: the two restart pages, which say whether the log was closed and where reading
// begins, and the pages of records. Layouts: LOGFILE.md. Reads bytes that somebody else has read.
//
// Invariants
//   NLP-1  A RestartPage exists only when its fixups proved whole and none of its values contradicts another:
//          what divides, shifts or bounds later was checked here.
//   NLP-2  Of two whole restart pages the one with the greater current LSN counts.
//   NLP-3  A closed page that close_restart_page() makes passes parse_restart_page() and says: closed, no
//          client in use, version 1.1.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "ntfs/log_sequence.h"

namespace mend::ntfs {

inline constexpr uint32_t kMagicRestart = 0x52545352;  // "RSTR"
inline constexpr uint32_t kMagicChecked = 0x444b4843;  // "CHKD": Windows checked the volume since
inline constexpr uint32_t kMagicRecord = 0x44524352;   // "RCRD"

struct RestartPage {
  ByteVector bytes;  // fixups removed
  bool checked = false;
  uint16_t major = 0, minor = 0;
  uint32_t system_page_bytes = 0, log_page_bytes = 0;  // powers of two from 512 to 64 KiB
  Lsn current_lsn = 0;
  uint32_t sequence_bits = 0;
  uint64_t usable_bytes = 0;
  uint16_t clients = 0;
  bool client_in_use = false;
  bool clean = false;
  // Of the client in use.
  uint16_t client_index = 0, client_sequence = 0;
  std::u16string client_name;
  Lsn oldest_lsn = 0;
  Lsn restart_lsn = 0;  // of the last checkpoint

  bool known_version() const { return (major == 1 && minor == 1) || (major == 2 && minor == 0); }
  // Pages as on every PC. Of others it can be told whether the log is closed, no more.
  bool known_pages() const { return system_page_bytes == kLogPageBytes && log_page_bytes == kLogPageBytes; }
  bool closed() const { return checked || !client_in_use || clean; }
  uint64_t first_record_page() const { return major == 1 ? 4 : 34; }
  LsnSpace space() const { return {sequence_bits, first_record_page(), usable_bytes / kLogPageBytes}; }
};

// The restart page that `raw` begins with, as read. nullopt: torn, wiped or contradictory. Of a page whose
// version is not known (3.0 and later) nothing but the version and the page sizes is filled in.
std::optional<RestartPage> parse_restart_page(Bytes raw, uint64_t log_bytes);
// NLP-2. `head`: the beginning of the log, from which each page size says where the second page is; where the
// first one is torn, the second is looked for at each.
std::optional<RestartPage> choose_restart_page(Bytes head, uint64_t log_bytes);
// The page that closes the log, fixups applied; both restart pages get it.
ByteVector close_restart_page(const RestartPage& from, Lsn current_lsn);

// Header of a page of records, fixups removed.
struct RecordPage {
  Bytes bytes;
  Lsn last_lsn = 0;  // of the last record that begins in the page, or spans all of it
  Lsn last_end = 0;  // LSN of the last record that ends in the page, where one does
  bool ends_record = false;
  uint16_t transfer_pages = 0;  // pages of the transfer that wrote it
  uint16_t position = 0;        // in that transfer, from 1

  // A page that remove_fixups() proved whole; nullopt: not a page of records.
  static std::optional<RecordPage> parse(Bytes page);
};

// Where a copy in front of the ring belongs: byte offset of the home page, as the copy states it.
uint64_t home_of_tail_copy(Bytes page);  // 1.1
uint64_t home_of_fast_copy(Bytes page);  // 2.0
// A tail copy, as it will stand in its home page.
void make_home_page(MutableBytes tail_copy);

}  // namespace mend::ntfs
