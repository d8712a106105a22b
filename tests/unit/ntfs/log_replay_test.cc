// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/replay.h"

#include <set>

#include "block/overlay.h"
#include "tests/unit/ntfs/log_scenario.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

TEST_CASE("A transaction that ended is applied, one that did not is taken back", "[ntfs]") {
  LogVolume volume;
  LogWriter writer = log_with([](LogWriter& log) {
    change_everything(log);
    log.forget(kTransaction);
    log.write(kOther, change_value(6, kNew, kOld));
    log.write(kOther, set_bits(40, 8));
  });
  volume.put_log(writer.finish());
  const LogSummary summary = inspect_log(volume.device);
  CHECK(summary.condition == LogCondition::kToReplay);
  CHECK(summary.version == "1.1");
  CHECK(summary.records == 9);  // the table's and the checkpoint's too
  CHECK(summary.text() == "to be replayed (9 records)");
  const ReplayResult result = replay_log(volume.device);
  CHECK(result.records_read == 18);
  CHECK(result.redone == 6);
  CHECK(result.undone == 2);
  CHECK(result.transactions_undone == 1);
  check_changed(volume);
  CHECK(value_is(volume, 6, kOld));
  CHECK(volume.bitmap_byte(5) == 0);
  CHECK(inspect_log(volume.device).text() == "clean");
  CHECK(inspect_log(volume.device).version == "1.1");
}

TEST_CASE("NRP-1: what carries its change already is left alone, and twice is once", "[ntfs]") {
  LogVolume volume;
  LogWriter writer = log_with([](LogWriter& log) {
    change_everything(log);
    log.forget(kTransaction);
    log.write(kOther, change_value(6, kNew, kOld));
    log.write(kOther, add_entry(index_entry(4, '1'), kEntries));
  });
  const ByteVector log = writer.finish();
  volume.put_log(log);
  replay_log(volume.device);
  const ByteVector once = volume.device.bytes;
  CHECK(replay_log(volume.device).records_read == 0);
  CHECK(volume.device.bytes == once);
  // The log as it was, over the finished volume: only what has no LSN is written again, with what it holds.
  volume.put_log(log);
  const ReplayResult again = replay_log(volume.device);
  CHECK(again.redone == 2);
  CHECK(again.undone == 0);
  CHECK(volume.device.bytes == once);

  // A record that is newer than a change keeps what is in no log.
  LogVolume newer;
  newer.put_record(7, LogVolume::record(7, 1,
                                        {resident_attribute(0x10, 0, ByteVector(0x30)),
                                         resident_attribute(0x80, 1, ByteVector(8, 0x11))},
                                        writer.last_lsn()));
  newer.put_log(log);
  replay_log(newer.device);
  CHECK(value_is(newer, 7, ByteVector(8, 0x11)));
}

TEST_CASE("The same log as version 1.1 and as 2.0 gives the same volume", "[ntfs]") {
  std::vector<ByteVector> results;
  for (const uint16_t major : {uint16_t{1}, uint16_t{2}}) {
    for (const bool copied : {false, true}) {
      LogVolume volume;
      LogWriter writer = log_with(
          [](LogWriter& log) {
            change_everything(log);
            log.forget(kTransaction);
            log.write(kOther, change_value(6, kNew, kOld));
          },
          {.major = major});
      ByteVector log = writer.finish();
      if (copied) {  // the page is in its copy alone
        const uint64_t home = writer.page_of(writer.last_lsn());
        const ByteVector page = writer.plain_pages().at(home);
        LogWriter::put_page(log, 2,
                            major == 1 ? LogWriter::tail_copy(page, home) : LogWriter::fast_copy(page, home));
        std::fill_n(log.begin() + static_cast<ptrdiff_t>(home * 4096), 4096, uint8_t{0xff});
      }
      volume.put_log(log);
      replay_log(volume.device);
      check_changed(volume);
      ByteVector bytes = volume.device.bytes;
      std::fill_n(bytes.begin() + LogVolume::kLog * 4096, 128 * 4096, uint8_t{0});
      // In the closing LSN is where the ring begins.
      volume.device.bytes = bytes;
      ByteVector record = volume.get_record(6);
      write_le<uint64_t>(record, 8, 0);
      volume.put_record(6, record);
      results.push_back(volume.device.bytes);
    }
  }
  for (const ByteVector& result : results) CHECK(result == results[0]);
}

TEST_CASE("A log cut at any page leaves no half transaction", "[ntfs]") {
  LogWriter writer = log_with([](LogWriter& log) {
    for (uint32_t i = 0; i < 60; ++i) {
      const ByteVector now(8, static_cast<uint8_t>(i + 1)), before(8, static_cast<uint8_t>(i));
      log.write(kTransaction, change_value(7, now, i == 0 ? kOld : before));
      log.write(kTransaction, write_stream(now, i == 0 ? ByteVector(8) : before, 0));
      log.write(kTransaction, {.redo_data = ByteVector(300)});  // fills the pages
      log.write(kTransaction, change_value(6, now, i == 0 ? kOld : before));
      log.forget(kTransaction);
    }
  });
  const ByteVector log = writer.finish();
  const uint64_t last = writer.page_of(writer.last_lsn());
  REQUIRE(last > 38);
  std::set<uint8_t> seen;
  for (uint64_t cut = 34; cut <= last + 1; ++cut) {
    LogVolume volume;
    ByteVector cut_log = log;
    std::fill(cut_log.begin() + static_cast<ptrdiff_t>(cut * 4096), cut_log.end(), uint8_t{0xff});
    volume.put_log(cut_log);
    if (cut == 34) {
      CHECK(error_id([&] { replay_log(volume.device); }) == "ntfs.log.end.current");
      continue;
    }
    replay_log(volume.device);
    const uint8_t value = volume.get_record(7)[kSecond + 0x18];
    CHECK(volume.get_record(6)[kSecond + 0x18] == value);
    CHECK(volume.device.bytes[LogVolume::kStream * 4096] == (value == 0x5a ? 0 : value));
    seen.insert(value);
  }
  CHECK(seen.count(60) == 1);
  CHECK(seen.size() == last + 1 - 34);
}

TEST_CASE("A log that goes over the wrap is replayed as any other", "[ntfs]") {
  for (const uint16_t major : {uint16_t{1}, uint16_t{2}}) {
    LogVolume volume;
    LogWriter writer = log_with(
        [](LogWriter& log) {
          for (int i = 0; i < 20; ++i) log.write(kOther, {.redo_data = ByteVector(900)});
          change_everything(log);
          log.forget(kTransaction);
        },
        {.major = major, .first_page = 125});
    CHECK(writer.page_of(writer.last_lsn()) < 125);
    volume.put_log(writer.finish());
    replay_log(volume.device);
    check_changed(volume);
    CHECK(inspect_log(volume.device).condition == LogCondition::kClosed);
  }
}

TEST_CASE("NRP-4: pages come first, then the restart pages, and nothing else of the log", "[ntfs]") {
  LogVolume volume;
  volume.put_log(log_with([](LogWriter& log) {
                   change_everything(log);
                   log.forget(kTransaction);
                 }).finish());
  const ByteVector before = volume.get_log();
  std::vector<ReplayStage> stages;
  replay_log(volume.device, [&](ReplayStage stage) {
    stages.push_back(stage);
    if (stage != ReplayStage::kPages) return;
    check_changed(volume);
    CHECK(volume.get_log() == before);
    CHECK(inspect_log(volume.device).condition == LogCondition::kToReplay);
  });
  CHECK(stages == std::vector<ReplayStage>{ReplayStage::kPages, ReplayStage::kRestart});
  const ByteVector after = volume.get_log();
  CHECK(std::equal(before.begin() + 2 * 4096, before.end(), after.begin() + 2 * 4096));
  CHECK(std::equal(after.begin(), after.begin() + 4096, after.begin() + 4096));
}

TEST_CASE("Records that $MFTMirr has a copy of are copied there", "[ntfs]") {
  LogVolume volume;
  LogWriter writer = log_with([](LogWriter& log) {
    log.write(kTransaction, change_value(3, kNew, kOld));
    log.write(kTransaction, change_value(5, kNew, kOld));
    log.forget(kTransaction);
  });
  volume.put_log(writer.finish());
  const ByteVector mirror_of_5 = volume.device.read_bytes(LogVolume::kMirror * 4096 + 5 * 1024, 1024);
  replay_log(volume.device);
  CHECK(volume.get_record(3) == volume.get_record(3, true));
  CHECK(value_is(volume, 3, kNew));
  CHECK(volume.device.read_bytes(LogVolume::kMirror * 4096 + 5 * 1024, 1024) == mirror_of_5);
}

TEST_CASE("Header flag 2 with a length means zeros", "[ntfs]") {
  LogVolume volume;
  LogWriter writer = log_with([](LogWriter& log) {
    LogOp op = write_stream({}, ByteVector(4, 9), 50);
    op.zeros = 4;
    log.write(kTransaction, op);
    log.forget(kTransaction);
  });
  volume.device.write(LogVolume::kStream * 4096 + 50, ByteVector(4, 9));
  volume.put_log(writer.finish());
  replay_log(volume.device);
  CHECK(volume.device.read_bytes(LogVolume::kStream * 4096 + 50, 4) == ByteVector(4));
}

TEST_CASE("Analysis: tables of a checkpoint, clusters that moved or went", "[ntfs]") {
  SECTION("a change from before the checkpoint, whose page waits") {
    LogVolume volume;
    LogWriter writer;
    const Lsn opened = writer.append(1, kOther, 0, LogWriter::operation({}));
    writer.append(1, kOther, 0, LogWriter::operation({.redo = 0x1b, .undo = 0x01}));
    const Lsn oldest = writer.write(kTransaction, write_stream({7}, {0}, 0));
    writer.write(kTransaction, write_stream({8}, {0}, 4096 - 8));  // its page does not wait
    writer.forget(kTransaction);
    const Lsn first = writer.write(kOther, change_value(6, kNew, kOld));
    writer.checkpoint(
        {.open = LogWriter::table(open_entries(opened)),
         .dirty = LogWriter::table({LogWriter::dirty_entry(kStreamSlot, 0, oldest, {LogVolume::kStream}),
                                    {},
                                    LogWriter::dirty_entry(kMftSlot, 1, first, {LogVolume::kMft + 1})}),
         .transactions = LogWriter::table({{}, LogWriter::transaction_entry(1, first, first)})});
    volume.put_log(writer.finish());
    const ReplayResult result = replay_log(volume.device);
    CHECK(result.redone == 3);
    CHECK(result.undone == 1);
    CHECK(volume.device.bytes[LogVolume::kStream * 4096] == 7);
    CHECK(value_is(volume, 6, kOld));
  }
  SECTION("deleted clusters are not written to") {
    LogVolume volume;
    ByteVector range(16);
    write_le<uint64_t>(range, 0, LogVolume::kStream);
    write_le<uint64_t>(range, 8, 1);
    volume.put_log(log_with([&](LogWriter& log) {
                     log.write(kTransaction, write_stream({7}, {0}, 0));
                     log.write(kTransaction, {.redo = 0x0a, .redo_data = range});
                     log.forget(kTransaction);
                   }).finish());
    CHECK(replay_log(volume.device).redone == 0);
    CHECK(volume.device.bytes[LogVolume::kStream * 4096] == 0);
  }
  SECTION("a cluster that was replaced") {
    LogVolume volume;
    volume.put_log(log_with([&](LogWriter& log) {
                     log.write(kTransaction, write_stream({7}, {0}, 0));
                     LogOp fix = write_stream({}, {}, 0);
                     fix.redo = 0x17, fix.undo = 0, fix.lcns = {LogVolume::kStream + 1};
                     log.write(kTransaction, fix);
                     log.forget(kTransaction);
                   }).finish());
    replay_log(volume.device);
    CHECK(volume.device.bytes[LogVolume::kStream * 4096] == 0);
    CHECK(volume.device.bytes[(LogVolume::kStream + 1) * 4096] == 7);
  }
  SECTION("NLT-2: a slot that is used for another attribute later") {
    LogVolume volume;
    volume.put_log(log_with([&](LogWriter& log) {
                     log.write(kTransaction, write_stream({7}, {0}, 0));
                     log.forget(kTransaction);
                     log.open(kTransaction, kStreamSlot, 0x80, 11);
                     LogOp other = write_stream({9}, {0}, 0);
                     other.lcns = {LogVolume::kStream + 1};
                     log.write(kTransaction, other);
                     log.forget(kTransaction);
                   }).finish());
    CHECK(replay_log(volume.device).redone == 2);
    CHECK(volume.device.bytes[LogVolume::kStream * 4096] == 7);
    CHECK(volume.device.bytes[(LogVolume::kStream + 1) * 4096] == 9);
  }
  SECTION("compensation: what was taken back already is not taken back again") {
    LogVolume volume;
    volume.put_log(log_with([&](LogWriter& log) {
                     const Lsn first = log.write(kTransaction, write_stream({7}, {0}, 0));
                     log.write(kTransaction, write_stream({8}, {7}, 0));
                     LogOp back = write_stream({7}, {}, 0);
                     back.undo = 0x01;
                     log.append(1, kTransaction, first, LogWriter::operation(back));
                   }).finish());
    const ReplayResult result = replay_log(volume.device);
    CHECK(result.redone == 3);
    CHECK(result.undone == 1);
    CHECK(volume.device.bytes[LogVolume::kStream * 4096] == 0);
  }
  SECTION("a committed transaction that was not forgotten stays") {
    LogVolume volume;
    volume.put_log(log_with([&](LogWriter& log) {
                     log.write(kTransaction, write_stream({7}, {0}, 0));
                     log.write(kTransaction, {.redo = 0x1a});
                   }).finish());
    CHECK(replay_log(volume.device).transactions_undone == 0);
    CHECK(volume.device.bytes[LogVolume::kStream * 4096] == 7);
  }
}

TEST_CASE("NRP-1, NRP-4: cut off after any block of any stage, and replayed again, is replayed once",
          "[ntfs]") {
  LogVolume volume;
  volume.put_log(log_with([](LogWriter& log) {
                   change_everything(log);
                   log.forget(kTransaction);
                   log.write(kOther, change_value(13, kNew, kOld));
                   log.write(kOther, add_entry(index_entry(4, '1'), kEntries));
                   log.write(kOther, set_bits(100, 30));
                 }).finish());
  const auto below = std::make_shared<MemoryDevice>(volume.device.bytes);
  block::Overlay overlay(below);
  replay_log(overlay, [&](ReplayStage stage) {
    overlay.end_stage(stage == ReplayStage::kPages ? block::Stage::kReplay : block::Stage::kLogRestart);
  });
  CHECK(below->bytes == volume.device.bytes);  // O-1
  REQUIRE(overlay.stages().size() == 2);
  std::vector<std::pair<uint64_t, ByteVector>> writes;
  for (const block::StageImages& stage : overlay.stages())
    for (const auto& [offset, bytes] : stage.blocks) writes.emplace_back(offset, bytes);
  REQUIRE(writes.size() >= 7);
  MemoryDevice whole(below->bytes);
  for (const auto& [offset, bytes] : writes) whole.write(offset, bytes);
  for (size_t count = 0; count <= writes.size(); ++count) {
    INFO(count << " of " << writes.size());
    MemoryDevice cut(below->bytes);
    for (size_t i = 0; i < count; ++i) cut.write(writes[i].first, writes[i].second);
    replay_log(cut);
    // The first restart page alone closes the log; the second is as old then as it may be.
    const bool closed_by_first = count + 1 == writes.size();
    const size_t log_end = static_cast<size_t>((LogVolume::kLog + 2) * 4096), log_begin = log_end - 4096;
    if (closed_by_first)
      std::copy_n(whole.bytes.begin() + static_cast<ptrdiff_t>(log_begin), 4096,
                  cut.bytes.begin() + static_cast<ptrdiff_t>(log_begin));
    CHECK(cut.bytes == whole.bytes);
  }
}
