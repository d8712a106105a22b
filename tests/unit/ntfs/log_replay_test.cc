// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/replay.h"

#include <set>

#include "block/overlay.h"
#include "tests/unit/ntfs/log_scenario.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

// All that is not the log, nor the record of $Volume with its flags and its copy.
ByteVector content_of(LogVolume volume) {
  volume.put_record(3, LogVolume::record(3, 1, {}));
  volume.put_log(ByteVector(size_t{128} * 4096));
  return volume.device.bytes;
}

}  // namespace

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
  CHECK_FALSE(volume.is_dirty());
  const ByteVector twice = content_of(volume);
  volume.device.bytes = once;
  CHECK(equal(twice, content_of(volume)));  // but for the check value of $Volume's record

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
      CHECK(id_of_error([&] { replay_log(volume.device); }) == "ntfs.log.end.current");
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

TEST_CASE("NRP-4: flag, pages, restart pages, flag: and nothing else of the log", "[ntfs]") {
  LogVolume volume;
  volume.put_log(log_with([](LogWriter& log) {
                   change_everything(log);
                   log.forget(kTransaction);
                 }).finish());
  const ByteVector before = volume.get_log();
  std::vector<ReplayStage> stages;
  replay_log(volume.device, [&](ReplayStage stage) {
    stages.push_back(stage);
    CHECK(volume.is_dirty() == (stage != ReplayStage::kDirtyRestore));
    CHECK(volume.get_record(3) == volume.get_record(3, true));
    if (stage == ReplayStage::kDirtySet) CHECK(value_is(volume, 7, kOld));
    if (stage >= ReplayStage::kPages) check_changed(volume);
    if (stage >= ReplayStage::kRestart) return;
    CHECK(equal(volume.get_log(), before));
    CHECK(inspect_log(volume.device).condition == LogCondition::kToReplay);
  });
  CHECK(stages == std::vector<ReplayStage>{ReplayStage::kDirtySet, ReplayStage::kPages, ReplayStage::kRestart,
                                           ReplayStage::kDirtyRestore});
  const ByteVector after = volume.get_log();
  CHECK(std::equal(before.begin() + 2 * 4096, before.end(), after.begin() + 2 * 4096));
  CHECK(std::equal(after.begin(), after.begin() + 4096, after.begin() + 4096));
}

TEST_CASE("NRP-4: a log that is about nothing is closed, and no other byte written", "[ntfs]") {
  LogVolume volume;
  volume.put_log(log_with([](LogWriter&) {}).finish());
  const ByteVector before = content_of(volume), record = volume.get_record(3);
  std::vector<ReplayStage> stages;
  replay_log(volume.device, [&](ReplayStage stage) { stages.push_back(stage); });
  CHECK(stages == std::vector<ReplayStage>{ReplayStage::kRestart});
  CHECK(equal(content_of(volume), before));
  CHECK(volume.get_record(3) == record);
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

TEST_CASE("NRP-4: what is taken back is written behind the closed log, with the dirty flag set", "[ntfs]") {
  LogVolume volume;
  volume.put_log(log_with([](LogWriter& log) {
                   change_everything(log);
                   log.forget(kTransaction);
                   log.write(kOther, change_value(6, kNew, kOld));
                 }).finish());
  std::vector<ReplayStage> stages;
  const ReplayResult result = replay_log(volume.device, [&](ReplayStage stage) {
    stages.push_back(stage);
    const bool closed = inspect_log(volume.device).condition == LogCondition::kClosed;
    CHECK(closed == (stage >= ReplayStage::kRestart));
    const bool done_again = stage == ReplayStage::kPages || stage == ReplayStage::kRestart;
    CHECK(value_is(volume, 6, done_again ? kNew : kOld));
    CHECK(volume.is_dirty() == (stage != ReplayStage::kDirtyRestore));
    CHECK(volume.get_record(3) == volume.get_record(3, true));
  });
  CHECK(result.undone == 1);
  CHECK(stages == std::vector<ReplayStage>{ReplayStage::kDirtySet, ReplayStage::kPages, ReplayStage::kRestart,
                                           ReplayStage::kUndo, ReplayStage::kDirtyRestore});
  check_changed(volume);
}

TEST_CASE("NRP-4: the flags that stay are those that the log leaves", "[ntfs]") {
  for (const uint8_t flag_before : {uint8_t{0}, uint8_t{1}}) {
    LogVolume volume;
    volume.put_log(log_with([&](LogWriter& log) {
                     LogOp op = change_value(3, {3, 1, static_cast<uint8_t>(1 - flag_before), 0},
                                             {3, 1, flag_before, 0});
                     op.attribute_offset += 8;
                     log.write(kTransaction, op);
                   }).finish());
    replay_log(volume.device, [&](ReplayStage stage) {
      if (stage != ReplayStage::kDirtyRestore) CHECK(volume.is_dirty());
    });
    CHECK(volume.is_dirty() == (flag_before != 0));
    CHECK(volume.get_record(3) == volume.get_record(3, true));
  }
}

TEST_CASE("NRP-4: without a record of $Volume nothing is replayed", "[ntfs]") {
  LogVolume volume;
  volume.put_record(3, LogVolume::record(3, 1, {resident_attribute(0x10, 0, ByteVector(0x30))}));
  CHECK(replay_error(log_with([](LogWriter& log) { log.write(kOther, change_value(6, kNew, kOld)); }),
                     &volume) == "ntfs.replay.flags");
}

namespace {

block::Stage stage_of(ReplayStage stage) {
  constexpr block::Stage kStages[] = {block::Stage::kReplayDirtySet, block::Stage::kReplay,
                                      block::Stage::kLogRestart, block::Stage::kUndo,
                                      block::Stage::kReplayDirtyRestore};
  return kStages[static_cast<size_t>(stage)];
}

// The writes of a replay, in the order of its stages.
std::vector<std::pair<uint64_t, ByteVector>> writes_of(LogVolume& volume) {
  const auto below = std::make_shared<MemoryDevice>(volume.device.bytes);
  block::Overlay overlay(below);
  replay_log(overlay, [&](ReplayStage stage) { overlay.end_stage(stage_of(stage)); });
  CHECK(below->bytes == volume.device.bytes);  // O-1
  std::vector<std::pair<uint64_t, ByteVector>> writes;
  for (const block::StageImages& stage : overlay.stages())
    for (const auto& [offset, bytes] : stage.blocks) writes.emplace_back(offset, bytes);
  return writes;
}

}  // namespace

TEST_CASE("NRP-4: whoever finds a replay cut off after any block is led to its end, or checks", "[ntfs]") {
  LogVolume volume;
  volume.put_log(log_with([](LogWriter& log) {
                   change_everything(log);
                   log.forget(kTransaction);
                   log.write(kOther, change_value(13, kNew, kOld));
                   log.write(kOther, add_entry(index_entry(4, '1'), kEntries));
                   log.write(kOther, set_bits(100, 30));
                 }).finish());
  const auto writes = writes_of(volume);
  REQUIRE(writes.size() >= 10);
  LogVolume whole = volume;
  for (const auto& [offset, bytes] : writes) whole.device.write(offset, bytes);
  size_t replayed = 0, to_check = 0;
  for (size_t count = 0; count <= writes.size(); ++count) {
    INFO(count << " of " << writes.size());
    LogVolume cut = volume;
    for (size_t i = 0; i < count; ++i) cut.device.write(writes[i].first, writes[i].second);
    const bool dirty = cut.is_dirty();
    if (inspect_log(cut.device).condition == LogCondition::kToReplay) {
      // The same log again: what has been done again stays, and nothing was taken back before.
      CHECK(dirty == (count != 0));
      CHECK(replay_log(cut.device).undone == 3);
      CHECK(equal(content_of(cut), content_of(whole)));
      CHECK(cut.is_dirty() == dirty);
      ++replayed;
    } else if (dirty) {
      ++to_check;
    } else {
      CHECK(count + 1 >= writes.size());  // the flag's record is in two places
      CHECK(equal(content_of(cut), content_of(whole)));
    }
  }
  CHECK(replayed >= 5);
  CHECK(to_check >= 4);
}
