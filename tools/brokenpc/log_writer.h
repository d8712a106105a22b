// SPDX-License-Identifier: GPL-3.0-or-later
// Writes the content of a $LogFile as NTFS leaves it when a PC stops: records in a ring of pages, checkpoints
// with their tables, restart pages. Shares no code with the readers, so that each judges the other. Tests
// damage what it made, or show the same records as version 1.1 and as 2.0.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace mend::brokenpc {

struct LogShape {
  uint16_t major = 1;  // 1: version 1.1, 2: version 2.0
  uint64_t pages = 128;
  uint64_t first_page = 34;  // where the first record goes
  uint64_t sequence = 3;
};

struct LogOp {
  uint16_t redo = 0, undo = 0;
  ByteVector redo_data, undo_data;
  uint16_t target = 0;
  uint64_t vcn = 0;
  std::vector<uint64_t> lcns;
  uint16_t record_offset = 0, attribute_offset = 0, block_offset = 0;
  uint16_t zeros = 0;  // so many, with header flag 2, instead of redo_data
};

class LogWriter {
 public:
  static constexpr size_t kPage = 4096, kHeader = 0x30, kData = 0x40;

  explicit LogWriter(const LogShape& shape = {})
      : shape_(shape), page_(shape.first_page), round_(shape.sequence) {}

  uint64_t current = 0;      // LSN that the restart pages name as the last one; 0: the last record's
  uint64_t restart_lsn = 0;  // of the checkpoint
  bool clean = false;
  bool client_in_use = true;

  uint64_t bytes() const { return shape_.pages * kPage; }
  unsigned offset_bits() const {
    unsigned bits = 0;
    for (uint64_t rest = bytes() / 8; rest != 0; rest /= 2) ++bits;
    return bits;
  }
  uint64_t lsn_at(uint64_t round, uint64_t offset) const { return (round << offset_bits()) | (offset >> 3); }
  uint64_t last_lsn() const { return last_; }
  uint64_t page_of(uint64_t lsn) const { return (lsn & ((uint64_t{1} << offset_bits()) - 1)) * 8 / kPage; }

  // --- records ---
  uint64_t append(uint32_t type, uint32_t transaction, uint64_t undo_next, const ByteVector& data,
                  uint16_t flags = 0) {
    if (within_ + kHeader > kPage) turn_page();
    const uint64_t lsn = lsn_at(round_, page_ * kPage + within_);
    ByteVector record(kHeader);
    write_le<uint64_t>(record, 0x00, lsn);
    write_le<uint64_t>(record, 0x08, last_);
    write_le<uint64_t>(record, 0x10, undo_next);
    write_le<uint32_t>(record, 0x18, static_cast<uint32_t>(data.size()));
    write_le<uint32_t>(record, 0x20, type);
    write_le<uint32_t>(record, 0x24, transaction);
    write_le<uint16_t>(record, 0x28, flags);
    record.insert(record.end(), data.begin(), data.end());
    Page* page = &this->page();
    page->last_lsn = lsn;
    for (size_t at = 0; at < record.size();) {
      if (within_ == kPage) {
        turn_page();
        page = &this->page();
        page->last_lsn = lsn;
      }
      const size_t piece = std::min(record.size() - at, kPage - within_);
      std::copy_n(record.begin() + static_cast<ptrdiff_t>(at), piece,
                  page->bytes.begin() + static_cast<ptrdiff_t>(within_));
      at += piece, within_ += piece;
    }
    page->last_end = lsn;
    within_ = (within_ + 7) / 8 * 8;
    last_ = lsn;
    return lsn;
  }

  static ByteVector operation(const LogOp& op) {
    const size_t head = 0x20 + 8 * std::max<size_t>(1, op.lcns.size());
    ByteVector data(head);
    const size_t undo_at = head + (op.redo_data.size() + 7) / 8 * 8;
    const uint16_t fields[] = {op.redo,
                               op.undo,
                               static_cast<uint16_t>(head),
                               static_cast<uint16_t>(op.zeros != 0 ? op.zeros : op.redo_data.size()),
                               static_cast<uint16_t>(undo_at),
                               static_cast<uint16_t>(op.undo_data.size()),
                               op.target,
                               static_cast<uint16_t>(op.lcns.size()),
                               op.record_offset,
                               op.attribute_offset,
                               op.block_offset};
    for (size_t i = 0; i < std::size(fields); ++i) write_le<uint16_t>(data, 2 * i, fields[i]);
    write_le<uint64_t>(data, 0x18, op.vcn);
    for (size_t i = 0; i < op.lcns.size(); ++i) write_le<uint64_t>(data, 0x20 + 8 * i, op.lcns[i]);
    data.insert(data.end(), op.redo_data.begin(), op.redo_data.end());
    data.resize(undo_at);
    data.insert(data.end(), op.undo_data.begin(), op.undo_data.end());
    data.resize((data.size() + 7) / 8 * 8);
    return data;
  }

  // Part of a transaction: each record's undo-next is the one before.
  uint64_t write(uint32_t transaction, const LogOp& op) {
    uint64_t& before = undo_next_[transaction];
    const uint16_t flags = op.zeros != 0 ? 2 : 0;
    before = append(1, transaction, before, operation(op), flags);
    return before;
  }
  void forget(uint32_t transaction) {
    append(1, transaction, undo_next_[transaction], operation({.redo = 0x1b, .undo = 0x01}));
    undo_next_.erase(transaction);
  }

  // --- tables, 64-bit form ---
  static ByteVector open_entry(uint32_t type, uint64_t file, uint64_t lsn, uint32_t block_bytes = 0) {
    ByteVector entry(0x28);
    write_le<uint32_t>(entry, 0x00, 0xffffffff);
    write_le<uint32_t>(entry, 0x04, block_bytes);
    write_le<uint32_t>(entry, 0x08, type);
    write_le<uint64_t>(entry, 0x10, file);
    write_le<uint64_t>(entry, 0x18, lsn);
    return entry;
  }
  void open(uint32_t transaction, uint16_t slot, uint32_t type, uint64_t file, uint32_t block_bytes = 0,
            const ByteVector& name = {}) {
    write(transaction, {.redo = 0x1c,
                        .redo_data = open_entry(type, file, last_, block_bytes),
                        .undo_data = name,
                        .target = slot});
  }
  static ByteVector dirty_entry(uint32_t slot, uint64_t vcn, uint64_t oldest,
                                const std::vector<uint64_t>& lcns) {
    ByteVector entry(0x20 + 8 * lcns.size());
    write_le<uint32_t>(entry, 0x00, 0xffffffff);
    write_le<uint32_t>(entry, 0x04, slot);
    write_le<uint32_t>(entry, 0x08, 4096);
    write_le<uint32_t>(entry, 0x0c, static_cast<uint32_t>(lcns.size()));
    write_le<uint64_t>(entry, 0x10, vcn);
    write_le<uint64_t>(entry, 0x18, oldest);
    for (size_t i = 0; i < lcns.size(); ++i) write_le<uint64_t>(entry, 0x20 + 8 * i, lcns[i]);
    return entry;
  }
  static ByteVector transaction_entry(uint8_t state, uint64_t first, uint64_t undo_next) {
    ByteVector entry(0x28);
    write_le<uint32_t>(entry, 0x00, 0xffffffff);
    entry[0x04] = state;
    write_le<uint64_t>(entry, 0x08, first);
    write_le<uint64_t>(entry, 0x10, undo_next);
    write_le<uint64_t>(entry, 0x18, undo_next);
    return entry;
  }
  // An empty entry stands for a free slot.
  static ByteVector table(const std::vector<ByteVector>& entries) {
    size_t entry_bytes = 0, in_use = 0;
    for (const ByteVector& entry : entries) {
      entry_bytes = std::max(entry_bytes, entry.size());
      if (!entry.empty()) ++in_use;
    }
    ByteVector out(0x18);
    write_le<uint16_t>(out, 0x00, static_cast<uint16_t>(entry_bytes));
    write_le<uint16_t>(out, 0x02, static_cast<uint16_t>(entries.size()));
    write_le<uint16_t>(out, 0x04, static_cast<uint16_t>(in_use));
    for (ByteVector entry : entries) {
      entry.resize(entry_bytes);
      out.insert(out.end(), entry.begin(), entry.end());
    }
    return out;
  }
  struct Tables {
    ByteVector open, names, dirty, transactions;
  };
  uint64_t checkpoint(const Tables& tables = {}, uint32_t major = 1) {
    const uint64_t start = last_;
    ByteVector data(0x70);
    write_le<uint32_t>(data, 0x00, major);
    write_le<uint64_t>(data, 0x08, start);
    const ByteVector* all[] = {&tables.open, &tables.names, &tables.dirty, &tables.transactions};
    for (size_t i = 0; i < 4; ++i) {
      if (all[i]->empty()) continue;
      const uint64_t lsn =
          append(1, 0x18, 0, operation({.redo = static_cast<uint16_t>(0x1d + i), .redo_data = *all[i]}));
      write_le<uint64_t>(data, 0x10 + 8 * i, lsn);
      write_le<uint32_t>(data, 0x30 + 4 * i, static_cast<uint32_t>(all[i]->size()));
    }
    restart_lsn = append(2, 0, 0, data);
    return restart_lsn;
  }

  // --- pages ---
  // Without fixups; absent ones are 0xFF.
  std::map<uint64_t, ByteVector> plain_pages() const {
    std::map<uint64_t, ByteVector> out;
    for (const auto& [number, page] : pages_) {
      ByteVector bytes = page.bytes;
      set_header(bytes, page);
      out[number] = bytes;
    }
    out[0] = out[1] = restart_page();
    return out;
  }
  // The whole log.
  ByteVector finish() const {
    ByteVector log(bytes(), 0xff);
    for (auto [number, page] : plain_pages()) put_page(log, number, std::move(page));
    return log;
  }
  static void put_page(ByteVector& log, uint64_t number, ByteVector page) {
    protect(page);
    std::copy(page.begin(), page.end(), log.begin() + static_cast<ptrdiff_t>(number * kPage));
  }
  static void protect(ByteVector& page) {
    const size_t array = page.size() >= 6 ? size_t{page[4]} | size_t{page[5]} << 8 : 0;
    if (page.size() != kPage || array < 8 || array + 18 > 510) return;
    write_le<uint16_t>(page, 6, 9);
    write_le<uint16_t>(page, array, 7);
    for (size_t i = 1; i <= 8; ++i) {
      write_le<uint16_t>(page, array + 2 * i, read_le<uint16_t>(page, 512 * i - 2));
      write_le<uint16_t>(page, 512 * i - 2, 7);
    }
  }
  // As pages 2 and 3 of version 1.1 hold a copy of a page of records.
  static ByteVector tail_copy(ByteVector page, uint64_t home) {
    write_le<uint64_t>(page, 0x08, home * kPage);
    return page;
  }
  // As pages 2 to 33 of version 2.0 do.
  static ByteVector fast_copy(ByteVector page, uint64_t home) {
    write_le<uint32_t>(page, 0x3c, static_cast<uint32_t>(home * kPage));
    return page;
  }
  void turn_page() {
    within_ = kData;
    if (++page_ < shape_.pages) return;
    page_ = shape_.major == 1 ? 4 : 34;
    ++round_;
  }

 private:
  struct Page {
    ByteVector bytes = ByteVector(kPage);
    uint64_t last_lsn = 0, last_end = 0;
  };
  Page& page() {
    const auto found = pages_.find(page_);
    // One round later the page is another one.
    if (found != pages_.end() && within_ == kData) found->second = Page();
    return pages_[page_];
  }
  static void set_header(ByteVector& page, const Page& state) {
    write_le<uint32_t>(page, 0x00, 0x44524352);
    write_le<uint16_t>(page, 0x04, 0x28);
    write_le<uint16_t>(page, 0x06, 9);
    write_le<uint64_t>(page, 0x08, state.last_lsn);
    write_le<uint32_t>(page, 0x10, state.last_end != 0 ? 1 : 0);
    write_le<uint16_t>(page, 0x14, 1);
    write_le<uint16_t>(page, 0x16, 1);
    write_le<uint64_t>(page, 0x20, state.last_end);
  }
  ByteVector restart_page() const {
    ByteVector page(kPage);
    write_le<uint32_t>(page, 0x00, 0x52545352);
    write_le<uint16_t>(page, 0x04, 0x1e);
    write_le<uint16_t>(page, 0x06, 9);
    write_le<uint32_t>(page, 0x10, kPage);
    write_le<uint32_t>(page, 0x14, kPage);
    write_le<uint16_t>(page, 0x18, 0x30);
    write_le<uint16_t>(page, 0x1a, shape_.major == 1 ? 1 : 0);
    write_le<uint16_t>(page, 0x1c, shape_.major);
    const MutableBytes area = MutableBytes(page).subspan(0x30);
    write_le<uint64_t>(area, 0x00, current != 0 ? current : last_);
    write_le<uint16_t>(area, 0x08, 1);
    write_le<uint16_t>(area, 0x0a, client_in_use ? 0xffff : 0);
    write_le<uint16_t>(area, 0x0c, client_in_use ? 0 : 0xffff);
    write_le<uint16_t>(area, 0x0e, clean ? 2 : 0);
    write_le<uint32_t>(area, 0x10, 64 - offset_bits());
    write_le<uint16_t>(area, 0x14, 0xe0);
    write_le<uint16_t>(area, 0x16, 0x40);
    write_le<uint64_t>(area, 0x18, bytes());
    write_le<uint16_t>(area, 0x24, kHeader);
    write_le<uint16_t>(area, 0x26, kData);
    const MutableBytes client = area.subspan(0x40);
    write_le<uint64_t>(client, 0x00, restart_lsn);
    write_le<uint64_t>(client, 0x08, restart_lsn);
    write_le<uint16_t>(client, 0x10, 0xffff);
    write_le<uint16_t>(client, 0x12, 0xffff);
    write_le<uint32_t>(client, 0x1c, 8);
    for (size_t i = 0; i < 4; ++i) client[0x20 + 2 * i] = static_cast<uint8_t>("NTFS"[i]);
    return page;
  }

  LogShape shape_;
  std::map<uint64_t, Page> pages_;
  std::map<uint32_t, uint64_t> undo_next_;
  uint64_t page_;
  uint64_t round_;
  size_t within_ = kData;
  uint64_t last_ = 0;
};

}  // namespace mend::brokenpc
