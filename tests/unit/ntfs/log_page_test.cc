// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_page.h"

#include "ntfs/fixup.h"
#include "ntfs/log_file.h"
#include "ntfs/log_records.h"
#include "tests/support/catch.h"
#include "tests/unit/ntfs/log_volume.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

// Some records after a checkpoint; each operation does nothing.
LogWriter some_records(LogShape shape, size_t count, size_t data_bytes) {
  LogWriter writer(shape);
  writer.checkpoint();
  writer.current = writer.last_lsn();
  for (size_t i = 0; i < count; ++i) writer.write(0x18, {.redo_data = ByteVector(data_bytes, 0x11)});
  return writer;
}

struct OpenLog {
  LogVolume volume;
  std::unique_ptr<LogFile> file;
  explicit OpenLog(const ByteVector& log) {
    volume.put_log(log);
    file = std::make_unique<LogFile>(volume.device, read_geometry(volume.device));
  }
  size_t count_from(Lsn first) {
    size_t count = 0;
    LogReader(*file).for_each(first, [&](const LogRecord&) { ++count; });
    return count;
  }
};

Lsn end_of(const ByteVector& log) {
  OpenLog open(log);
  open.file->open_ring();
  return open.file->end();
}

std::string end_error(const ByteVector& log) {
  return id_of_error([&] { end_of(log); });
}

}  // namespace

TEST_CASE("NL-1: an LSN is a round and a place", "[ntfs]") {
  // 2 MiB: 45 bits of sequence.
  const LsnSpace small(45, 4, 512);
  CHECK(small.sequence(0x101824) == 2);
  CHECK(small.offset(0x101824) == 0xc120);
  CHECK(small.page(0x101824) == 12);
  CHECK(small.offset_in_page(0x101824) == 0x120);
  CHECK(small.make(2, 0xc120) == 0x101824);
  // 64 MiB: 40 bits.
  const LsnSpace large(40, 34, 16384);
  CHECK(large.make(3, 0x22040) == (uint64_t{3} << 24 | 0x22040 >> 3));
  CHECK(large.sequence(large.make(UINT32_MAX, 0x3ffffc0)) == UINT32_MAX);
  CHECK(large.offset(large.make(UINT32_MAX, 0x3ffffc0)) == 0x3ffffc0);

  CHECK(small.is_place(small.make(2, 4 * 4096 + 0x40)));
  CHECK_FALSE(small.is_place(small.make(2, 4 * 4096 + 0x38)));  // in the header
  CHECK_FALSE(small.is_place(small.make(2, 3 * 4096 + 0x40)));  // before the ring
  CHECK_FALSE(small.is_place(small.make(2, 5 * 4096 - 0x28)));  // no room for a record's head
  CHECK_FALSE(small.is_place(small.make(0, 4 * 4096 + 0x40)));
}

TEST_CASE("NL-1: the next LSN goes on in the page, in the next one, and over the wrap", "[ntfs]") {
  const LsnSpace space(45, 4, 512);
  const auto at = [&](uint64_t round, uint64_t page, uint64_t within) {
    return space.make(round, page * 4096 + within);
  };
  CHECK(space.next(at(2, 12, 0x120), 12, 0x178, false) == at(2, 12, 0x178));
  CHECK(space.next(at(2, 12, 0x120), 12, 0x171, false) == at(2, 12, 0x178));
  CHECK(space.next(at(2, 12, 0x120), 12, 0xfd0, false) == at(2, 12, 0xfd0));
  CHECK(space.next(at(2, 12, 0x120), 12, 0xfd8, false) == at(2, 13, 0x40));
  CHECK(space.next(at(2, 12, 0x120), 12, 0x178, true) == at(2, 13, 0x40));
  CHECK(space.next(at(2, 511, 0x120), 511, 0x1000, false) == at(3, 4, 0x40));
  CHECK(space.next(at(2, 511, 0xf00), 4, 0x80, false) == at(3, 4, 0x80));
  CHECK(space.next(at(2, 511, 0xf00), 4, 0x80, true) == at(3, 5, 0x40));
  for (const Lsn lsn : {at(2, 4, 0x40), at(2, 511, 0xfd0), at(7, 100, 0x200)})
    CHECK(space.closing(lsn) > lsn);
  CHECK_FALSE(space.page(space.closing(at(2, 4, 0x40))) != 4);
}

TEST_CASE("NLP-1: a restart page is whole and agrees with itself, or it is none", "[ntfs]") {
  const ByteVector log = some_records({}, 3, 0).finish();
  const Bytes page = Bytes(log).first(kLogPageBytes);
  const std::optional<RestartPage> parsed = parse_restart_page(page, log.size());
  REQUIRE(parsed);
  CHECK(parsed->known_version());
  CHECK(parsed->client_in_use);
  CHECK_FALSE(parsed->closed());
  CHECK(parsed->client_name == u"NTFS");
  CHECK_FALSE(parse_restart_page(page, log.size() - 1));  // larger than the log
  CHECK_FALSE(parse_restart_page(page.first(512), log.size()));
  // Every field that something depends on.
  const auto damaged = [&](size_t at, uint16_t value) {
    ByteVector bad = parsed->bytes;
    write_le<uint16_t>(bad, at, value);
    apply_fixups(bad);
    return !parse_restart_page(bad, log.size());
  };
  CHECK_FALSE(damaged(0x30 + 0x28, 9));  // the open counter: nothing depends on it
  CHECK(damaged(0x10, 8192));
  CHECK(damaged(0x14, 500));
  CHECK(damaged(0x14, 256));
  ByteVector small_pages = parsed->bytes;
  write_le<uint16_t>(small_pages, 0x14, 512);
  apply_fixups(small_pages);
  CHECK_FALSE(parse_restart_page(small_pages, log.size())->known_pages());
  CHECK(damaged(0x18, 0x34));
  CHECK(damaged(0x30 + 0x0a, 1));
  CHECK(damaged(0x30 + 0x0c, 1));
  CHECK(damaged(0x30 + 0x10, 44));
  CHECK(damaged(0x30 + 0x14, 0xdf));
  CHECK(damaged(0x30 + 0x16, 0x41));
  CHECK(damaged(0x30 + 0x16, 0x48));
  CHECK(damaged(0x30 + 0x24, 0x38));
  CHECK(damaged(0x30 + 0x26, 0x48));
  CHECK(damaged(0x30 + 0x40 + 0x1c, 7));
  ByteVector torn(page.begin(), page.end());
  torn[0x7ff] ^= 1;
  CHECK_FALSE(parse_restart_page(torn, log.size()));
  flip_every_bit(ByteVector(page.begin(), page.begin() + 0x140), [&](const ByteVector& bad) {
    ByteVector whole(page.begin(), page.end());
    std::copy(bad.begin(), bad.end(), whole.begin());
    (void)parse_restart_page(whole, log.size());
  });
}

TEST_CASE("NLP-2: the newer of two restart pages counts; one torn page is normal", "[ntfs]") {
  LogWriter writer = some_records({}, 3, 0);
  const ByteVector old_log = writer.finish();
  const Lsn old_lsn = writer.current;
  writer.current = writer.last_lsn();
  const ByteVector new_log = writer.finish();
  ByteVector head(new_log.begin(), new_log.begin() + 2 * kLogPageBytes);
  std::copy_n(old_log.begin(), kLogPageBytes, head.begin());
  CHECK(choose_restart_page(head, new_log.size())->current_lsn == writer.current);
  head[kLogPageBytes + 1000] ^= 0xff;  // not protected by itself
  CHECK(choose_restart_page(head, new_log.size())->current_lsn == writer.current);
  head[kLogPageBytes + 0x3ff] ^= 0xff;
  CHECK(choose_restart_page(head, new_log.size())->current_lsn == old_lsn);
  head[0x3ff] ^= 0xff;
  CHECK_FALSE(choose_restart_page(head, new_log.size()));
  // Checked by Windows since: nothing to replay, whatever else it says.
  ByteVector checked = old_log;
  write_le<uint32_t>(checked, 0, kMagicChecked);
  write_le<uint64_t>(checked, 8, writer.current + 100);
  const auto page = choose_restart_page(Bytes(checked).first(2 * kLogPageBytes), checked.size());
  CHECK(page->closed());
  CHECK(page->current_lsn == writer.current + 100);
}

TEST_CASE("NLP-3: a closed page says so, and LSNs go on", "[ntfs]") {
  for (const uint16_t major : {uint16_t{1}, uint16_t{2}}) {
    LogWriter writer = some_records({.major = major}, 3, 0);
    const ByteVector log = writer.finish();
    const RestartPage before = *parse_restart_page(Bytes(log).first(kLogPageBytes), log.size());
    CHECK(before.major == major);
    const ByteVector page = close_restart_page(before, writer.last_lsn() + 1);
    const std::optional<RestartPage> after = parse_restart_page(page, log.size());
    REQUIRE(after);
    CHECK(after->closed());
    CHECK(after->clean);
    CHECK_FALSE(after->client_in_use);
    CHECK(after->major == 1);
    CHECK(after->minor == 1);
    CHECK(after->current_lsn == writer.last_lsn() + 1);
    CHECK(after->usable_bytes == before.usable_bytes);
  }
}

TEST_CASE("NLR-1: records are read over page ends and over the wrap", "[ntfs]") {
  for (const size_t data_bytes : {size_t{0}, size_t{700}, size_t{9000}, size_t{30000}}) {
    for (const uint16_t major : {uint16_t{1}, uint16_t{2}}) {
      for (const uint64_t first_page : {uint64_t{34}, uint64_t{120}}) {
        INFO(data_bytes << " " << major << " " << first_page);
        LogWriter writer = some_records({.major = major, .first_page = first_page}, 10, data_bytes);
        OpenLog open(writer.finish());
        open.file->open_ring();
        CHECK(open.file->end() == writer.last_lsn());
        CHECK(open.count_from(writer.restart_lsn) == 11);
        LogRecord record;
        LogReader(*open.file).read(writer.last_lsn(), record);
        CHECK(redo_bytes(record, LogOperation::parse(record)).size() == data_bytes);
      }
    }
  }
}

TEST_CASE("NLR-1: what is not a record at its place is refused", "[ntfs]") {
  LogWriter writer = some_records({}, 3, 40);
  auto pages = writer.plain_pages();
  const auto read_last = [&](size_t at, uint64_t value, size_t width) {
    ByteVector log = writer.finish();
    ByteVector page = pages.at(34);
    const size_t record = writer.last_lsn() * 8 % 4096;
    for (size_t i = 0; i < width; ++i) page[record + at + i] = static_cast<uint8_t>(value >> (8 * i));
    LogWriter::put_page(log, 34, page);
    return id_of_error([&] {
      OpenLog open(log);
      open.file->open_ring();
      LogRecord record_read;
      LogReader(*open.file).read(writer.last_lsn(), record_read);
      (void)LogOperation::parse(record_read);
    });
  };
  CHECK(read_last(0x28, 0, 2).empty());
  CHECK(read_last(0x00, 17, 8) == "ntfs.log.record.lsn");
  CHECK(read_last(0x18, 0xffffffff, 4) == "ntfs.log.record.length");
  CHECK(read_last(0x18, 9000, 4) == "ntfs.log.record.tail");
  CHECK(read_last(0x18, 8, 4) == "ntfs.log.operation.short");
  CHECK(read_last(0x1c, 1, 2) == "ntfs.log.record.client");
  CHECK(read_last(0x20, 3, 4) == "ntfs.log.record.client");
  CHECK(read_last(0x30 + 0x0e, 2000, 2) == "ntfs.log.operation.lcns");
}

TEST_CASE("NLF-3: the end is found behind the restart page's current LSN", "[ntfs]") {
  LogWriter writer = some_records({}, 40, 500);
  const ByteVector log = writer.finish();
  CHECK(writer.page_of(writer.last_lsn()) > 36);
  CHECK(end_of(log) == writer.last_lsn());
  // Without its last page the log ends with the last record that is whole.
  ByteVector cut = log;
  const uint64_t last_page = writer.page_of(writer.last_lsn());
  std::fill_n(cut.begin() + static_cast<ptrdiff_t>(last_page * 4096), 4096, uint8_t{0xff});
  const Lsn end = end_of(cut);
  CHECK(end < writer.last_lsn());
  CHECK(writer.page_of(end) < last_page);
  // A hole before pages that were written later is damage.
  ByteVector hole = log;
  std::fill_n(hole.begin() + static_cast<ptrdiff_t>((last_page - 1) * 4096), 4096, uint8_t{0xff});
  CHECK(end_error(hole) == "ntfs.log.end.hole");
  // Unless they belong to the transfer that broke off: any of its pages may have been written first.
  ByteVector transfer = hole;
  ByteVector page = writer.plain_pages().at(last_page);
  write_le<uint16_t>(page, 0x14, 2);
  write_le<uint16_t>(page, 0x16, 2);
  LogWriter::put_page(transfer, last_page, page);
  CHECK(end_of(transfer) < writer.last_lsn());
  // The record at the current LSN must be there.
  ByteVector lost = log;
  std::fill_n(lost.begin() + 34 * 4096, 4096, uint8_t{0xff});
  CHECK(end_error(lost) == "ntfs.log.end.current");
  // Pages of the round before are not part of it.
  ByteVector old = log;
  LogWriter before({.first_page = last_page + 1, .sequence = 2});
  for (int i = 0; i < 20; ++i) before.write(0x18, {.redo_data = ByteVector(500, 1)});
  for (auto& [number, bytes] : before.plain_pages())
    if (number > last_page) LogWriter::put_page(old, number, bytes);
  CHECK(end_of(old) == writer.last_lsn());
}

TEST_CASE("NLF-2: a copy in front of the ring stands for its home page when it is newer", "[ntfs]") {
  for (const uint16_t major : {uint16_t{1}, uint16_t{2}}) {
    INFO(major);
    const LogShape shape{.major = major};
    // The same page, with three records and with eight.
    LogWriter early = some_records(shape, 3, 0), late = some_records(shape, 8, 0);
    const ByteVector early_page = early.plain_pages().at(34), late_page = late.plain_pages().at(34);
    const auto copy = [&](const ByteVector& page) {
      return major == 1 ? LogWriter::tail_copy(page, 34) : LogWriter::fast_copy(page, 34);
    };
    const auto with = [&](const ByteVector& home, const std::vector<ByteVector>& copies) {
      ByteVector log = late.finish();
      LogWriter::put_page(log, 34, home);
      for (size_t i = 0; i < copies.size(); ++i) LogWriter::put_page(log, 2 + i, copies[i]);
      return log;
    };
    CHECK(end_of(with(early_page, {})) == early.last_lsn());
    CHECK(end_of(with(early_page, {copy(late_page)})) == late.last_lsn());
    CHECK(end_of(with(late_page, {copy(early_page)})) == late.last_lsn());
    CHECK(end_of(with(early_page, {copy(early_page), copy(late_page)})) == late.last_lsn());
    CHECK(end_of(with(early_page, {copy(late_page), copy(early_page)})) == late.last_lsn());
    // A torn home page.
    ByteVector torn = with(late_page, {copy(early_page)});
    torn[34 * 4096 + 1023] ^= 1;
    CHECK(end_of(torn) == early.last_lsn());
    torn = with(late_page, {copy(early_page), copy(late_page)});
    torn[34 * 4096 + 1023] ^= 1;
    CHECK(end_of(torn) == late.last_lsn());
    // A torn copy, one of another place, one of an earlier round.
    ByteVector torn_copy = with(early_page, {copy(late_page)});
    torn_copy[2 * 4096 + 1023] ^= 1;
    CHECK(end_of(torn_copy) == early.last_lsn());
    const ByteVector elsewhere =
        major == 1 ? LogWriter::tail_copy(late_page, 3) : LogWriter::fast_copy(late_page, 3);
    CHECK(end_of(with(early_page, {elsewhere})) == early.last_lsn());
    LogWriter before = some_records({.major = major, .sequence = 2}, 12, 0);
    CHECK(end_of(with(early_page, {copy(before.plain_pages().at(34))})) == early.last_lsn());
  }
}

TEST_CASE("A log of a version or a client that is not known is refused", "[ntfs]") {
  const auto with = [](size_t at, uint8_t value) {
    ByteVector log = some_records({}, 3, 0).finish();
    for (const size_t page : {size_t{0}, size_t{4096}}) log[page + at] = value;
    return end_error(log);
  };
  CHECK(with(0x2000, 0).empty());
  CHECK(with(0x1c, 3) == "ntfs.log.version");
  CHECK(with(0x1c, 2) == "ntfs.log.version");  // 2.1
  CHECK(with(0x30 + 0x40 + 0x20, 'X') == "ntfs.log.client");
  CHECK(end_error(ByteVector(128 * 4096, 0xff)) == "ntfs.log.restart");
}
