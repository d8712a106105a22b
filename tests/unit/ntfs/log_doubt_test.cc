// SPDX-License-Identifier: GPL-3.0-or-later
// The replay's refusals: logs and volumes that contradict themselves or each other.
#include <cstdlib>
#include <functional>
#include <random>

#include "ntfs/log_page.h"
#include "ntfs/log_target.h"
#include "tests/unit/ntfs/log_scenario.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

TEST_CASE("A structure that is torn is made anew by its image, or the replay ends", "[ntfs]") {
  const auto image = [](uint8_t value) {
    ByteVector record = LogVolume::record(
        7, 1,
        {resident_attribute(0x10, 0, ByteVector(0x30)), resident_attribute(0x80, 1, ByteVector(8, value))});
    record.resize(read_le<uint32_t>(record, 0x18));
    LogOp op = change_value(7, record, {});
    op.redo = 0x02, op.undo = 0, op.record_offset = op.attribute_offset = 0;
    return op;
  };
  const auto torn_volume = [] {
    LogVolume volume;
    volume.device.bytes[LogVolume::kMft * 4096 + 7 * 1024 + 511] ^= 1;
    return volume;
  };
  LogVolume volume = torn_volume();
  volume.put_log(log_with([&](LogWriter& log) {
                   log.write(kTransaction,
                             change_value(7, kNew, kOld));  // what it changed is overwritten below
                   log.write(kTransaction, image(0x42));
                   log.write(kTransaction, change_value(7, kNew, ByteVector(8, 0x42)));
                   log.forget(kTransaction);
                 }).finish());
  replay_log(volume.device);
  CHECK(value_is(volume, 7, kNew));

  LogVolume lost = torn_volume();
  CHECK(replay_error(log_with([&](LogWriter& log) {
                       log.write(kTransaction, change_value(7, kNew, kOld));
                       log.forget(kTransaction);
                     }),
                     &lost) == "ntfs.replay.torn");
}

TEST_CASE("NRP-2: doubt ends the replay with the LSN and the operation", "[ntfs]") {
  const auto with = [](const LogOp& op) {
    return replay_error(log_with([&](LogWriter& log) {
      log.write(kTransaction, op);
      log.forget(kTransaction);
    }));
  };
  CHECK(with(change_value(7, kNew, kOld)).empty());
  LogOp op = change_value(7, kNew, kOld);
  op.redo = 0x23;
  CHECK(with(op) == "ntfs.log.operation.unknown");
  op.redo = 0x26;
  CHECK(with(op) == "ntfs.log.operation.unknown");
  op = change_value(7, kNew, kOld);
  op.target = 0x200;
  CHECK(with(op) == "ntfs.log.target.none");
  op.target = kStreamSlot;
  CHECK(with(op) == "ntfs.replay.kind");
  op = write_stream({1}, {0}, 0);
  op.target = kMftSlot;
  CHECK(with(op) == "ntfs.replay.kind");
  op = write_stream({1}, {0}, 0);
  op.lcns = {LogVolume::kClusters};
  CHECK(with(op) == "ntfs.replay.outside");
  op.lcns = {LogVolume::kLog + 40};
  CHECK(with(op) == "ntfs.log.target.log");
  op = write_stream({1}, {0}, 4096);  // the next cluster, which the record does not name
  CHECK(with(op) == "ntfs.replay.cluster");
  op = write_stream({1}, {0}, 0);
  op.vcn = uint64_t{1} << 62;
  CHECK(with(op) == "ntfs.replay.vcn");
  op.vcn = UINT64_MAX;
  CHECK(with(op) == "ntfs.log.dirty.vcn");
  op = set_bits(32760, 9);
  CHECK(with(op) == "ntfs.replay.bits.range");
  op = change_value(7, kNew, kOld);
  op.block_offset = 1;
  CHECK(with(op) == "ntfs.replay.place");
  op = change_value(7, kNew, kOld);
  op.record_offset = kSecond + 8;
  CHECK(with(op) == "ntfs.log.change.attribute");

  LogVolume volume;
  volume.put_record(
      7, LogVolume::record(7, 1,
                           {resident_attribute(0x10, 0, ByteVector(0x30)), resident_attribute(0x80, 1, kOld)},
                           uint64_t{1} << 60));
  CHECK(replay_error(log_with([](LogWriter& log) { log.write(kTransaction, change_value(7, kNew, kOld)); }),
                     &volume) == "ntfs.replay.future");
  CHECK(replay_error(log_with([](LogWriter& log) {
          log.write(kTransaction, write_stream({7}, {0}, 0));
          log.write(kTransaction, {.redo = 0x19});
        })) == "ntfs.replay.prepared");
  CHECK(replay_error(log_with([](LogWriter& log) {
          log.append(1, kTransaction, log.last_lsn() + 1000, LogWriter::operation(write_stream({7}, {0}, 0)));
        })) == "ntfs.replay.chain");
  LogWriter no_checkpoint = log_with([](LogWriter& log) { log.write(kTransaction, {}); });
  no_checkpoint.restart_lsn = no_checkpoint.last_lsn();
  CHECK(replay_error(no_checkpoint) == "ntfs.log.checkpoint.none");
  no_checkpoint.restart_lsn = 0;
  CHECK(replay_error(no_checkpoint) == "ntfs.log.record.place");

  LogVolume told;
  op = change_value(7, kNew, kOld);
  op.redo = 0x24;
  LogWriter writer = log_with([&](LogWriter& log) { log.write(kTransaction, op); });
  told.put_log(writer.finish());
  const LogSummary summary = inspect_log(told.device);
  CHECK(summary.condition == LogCondition::kDamaged);
  CHECK(summary.text() == "damaged log");
  CHECK(summary.why.find("UpdateRelativeDataAllocation") != std::string::npos);
}

TEST_CASE("NLT-1: a table that contradicts itself is refused", "[ntfs]") {
  const auto with = [](const std::function<void(LogWriter::Tables&, Lsn)>& damage) {
    LogWriter writer;
    const Lsn opened = writer.append(1, kOther, 0, LogWriter::operation({}));
    writer.append(1, kOther, 0, LogWriter::operation({.redo = 0x1b, .undo = 0x01}));
    LogWriter::Tables tables;
    tables.open = LogWriter::table(open_entries(opened));
    tables.names = {0x40, 0, 4, 0, 'i', 0, 'x', 0, 0, 0, 0, 0, 0, 0};
    tables.dirty = LogWriter::table({LogWriter::dirty_entry(kStreamSlot, 0, opened, {LogVolume::kStream})});
    tables.transactions = LogWriter::table({LogWriter::transaction_entry(3, opened, opened)});
    damage(tables, opened);
    writer.checkpoint(tables);
    return replay_error(writer);
  };
  using Tables = LogWriter::Tables;
  CHECK(with([](Tables&, Lsn) {}).empty());
  CHECK(with([](Tables& tables, Lsn) { tables.open[4] = 3; }) == "ntfs.log.table.count");
  CHECK(with([](Tables& tables, Lsn) { tables.open[2] = 200; }) == "ntfs.log.table.size");
  CHECK(with([](Tables& tables, Lsn) { tables.open[0] = 0x20; }) == "ntfs.log.table.size");
  CHECK(with([](Tables& tables, Lsn) { tables.open[0x18 + 0x28 + 5] = 0x11; }) == "ntfs.log.attribute.block");
  CHECK(with([](Tables& tables, Lsn) { tables.names[0] = 0x41; }) == "ntfs.log.names.slot");
  CHECK(with([](Tables& tables, Lsn) { tables.names.resize(8); }) == "base.bytes.bounds");
  CHECK(with([](Tables& tables, Lsn) { tables.dirty[0x18 + 4] = 0x19; }) == "ntfs.log.dirty.attribute");
  CHECK(with([](Tables& tables, Lsn) { tables.dirty[0x18 + 0x0c] = 2; }) == "ntfs.log.dirty.clusters");
  CHECK(with([](Tables& tables, Lsn) { tables.transactions[0x18 + 4] = 4; }) == "ntfs.log.transaction.state");
  // The oldest LSN of a page is not in the log any more.
  CHECK(with([](Tables& tables, Lsn opened) {
          tables.dirty = LogWriter::table(
              {LogWriter::dirty_entry(kStreamSlot, 0, opened - (1U << 17), {LogVolume::kStream})});
        }) == "ntfs.log.record.lsn");  // one round earlier
}

TEST_CASE("A log that is closed, checked or empty is left as it is", "[ntfs]") {
  const auto untouched = [](const ByteVector& log, LogCondition condition) {
    LogVolume volume;
    volume.put_log(log);
    const ByteVector before = volume.device.bytes;
    CHECK(inspect_log(volume.device).condition == condition);
    CHECK(inspect_log(volume.device).text() == "clean");
    CHECK(replay_log(volume.device, [](ReplayStage) { FAIL("a stage"); }).records_read == 0);
    CHECK(volume.device.bytes == before);
  };
  LogWriter writer = log_with(change_everything);
  ByteVector checked = writer.finish();
  for (const size_t page : {size_t{0}, size_t{4096}}) write_le<uint32_t>(checked, page, kMagicChecked);
  untouched(checked, LogCondition::kClosed);
  writer.clean = true;
  untouched(writer.finish(), LogCondition::kClosed);
  writer.clean = false, writer.client_in_use = false;
  untouched(writer.finish(), LogCondition::kClosed);
  untouched(ByteVector(128 * 4096, 0xff), LogCondition::kEmpty);
  LogVolume zeros;
  CHECK(inspect_log(zeros.device).condition == LogCondition::kDamaged);
  CHECK(id_of_error([&] { replay_log(zeros.device); }) == "ntfs.log.restart");
}

TEST_CASE("The log is found without $MFT's first record, and by its copy", "[ntfs]") {
  LogWriter writer = log_with([](LogWriter& log) {
    change_everything(log);
    log.forget(kTransaction);
  });
  for (const uint64_t damaged : {uint64_t{0}, uint64_t{2}}) {
    LogVolume volume;
    volume.put_log(writer.finish());
    volume.device.bytes[LogVolume::kMft * 4096 + damaged * 1024 + 511] ^= 1;
    replay_log(volume.device);
    check_changed(volume);
  }
}

TEST_CASE("NLW-1, NLW-2, NLW-4: the target writes what it was told, in order, and nothing outside",
          "[ntfs]") {
  MemoryDevice device(1 << 20);
  ReplayTarget target(device, (1 << 20) - 512, {{8192, 4096}});
  const ByteVector data(6000, 3);
  target.write({{1000, 3000}, {20000, 3000}}, data);
  CHECK(device.bytes == ByteVector(1 << 20));
  ByteVector back(3000);
  target.read({{20000, 3000}}, back);
  CHECK(back == ByteVector(3000, 3));
  target.write_out();
  CHECK(device.bytes[999] == 0);
  CHECK(device.bytes[1000] == 3);
  CHECK(device.bytes[22999] == 3);
  CHECK(device.bytes[23000] == 0);
  CHECK(id_of_error([&] { target.write({{8191, 2}}, data); }) == "ntfs.log.target.log");
  // NLW-4: what changed below in the meantime, in sectors that were not written to, stays.
  target.read({{40960, 10}}, back);
  target.write({{40960 + 1000, 100}, {40960 + 4095, 1}}, ByteVector(101, 9));
  device.bytes[40960 + 511] = 5;
  device.bytes[40960 + 2000] = 6;
  target.write_out();
  CHECK(device.bytes[40960 + 511] == 5);
  CHECK(device.bytes[40960 + 1099] == 9);
  CHECK(device.bytes[40960 + 2000] == 6);
  CHECK(device.bytes[40960 + 4095] == 9);
  CHECK(id_of_error([&] { target.write({{(1 << 20) - 512, 1}}, data); }) == "ntfs.log.target.outside");
  CHECK(id_of_error([&] { target.read({{UINT64_MAX, 2}}, back); }) == "ntfs.log.target.outside");
}

TEST_CASE("NRP-2: bits that flip anywhere in the log never do more than end the replay", "[ntfs]") {
  const size_t rounds = std::getenv("MEND_LONG") != nullptr ? 10000 : 400;
  std::mt19937 random(19072024);
  size_t replayed = 0, refused = 0;
  for (size_t round = 0; round < rounds; ++round) {
    LogVolume volume;
    LogWriter writer = log_with(
        [](LogWriter& log) {
          change_everything(log);
          log.forget(kTransaction);
          log.write(kOther, change_value(6, kNew, kOld));
          log.write(kOther, {.redo_data = ByteVector(4000)});
          log.write(kOther, add_entry(index_entry(4, '1'), kEntries));
        },
        {.major = static_cast<uint16_t>(1 + round % 2)});
    auto pages = writer.plain_pages();
    ByteVector log = writer.finish();
    for (size_t hits = 1 + random() % 6; hits != 0; --hits) {
      auto page = pages.begin();
      std::advance(page, static_cast<ptrdiff_t>(random() % pages.size()));
      const size_t place = random() % (page->first < 2 ? 0x140 : 0x700);
      page->second[place] = static_cast<uint8_t>(page->second[place] ^ (1U << (random() % 8)));
      LogWriter::put_page(log, page->first, page->second);
    }
    volume.put_log(log);
    const ByteVector before = volume.device.bytes;
    try {
      replay_log(volume.device);
      ++replayed;
    } catch (const Error& error) {
      ++refused;
      if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kUnsupported)
        FAIL("round " << round << ": " << error.id() << ": " << error.what());
    }
    // Of the log nothing but its restart pages was written.
    const auto log_begin = volume.device.bytes.begin() + static_cast<ptrdiff_t>((LogVolume::kLog + 2) * 4096);
    REQUIRE(std::equal(log_begin, log_begin + 126 * 4096,
                       before.begin() + static_cast<ptrdiff_t>((LogVolume::kLog + 2) * 4096)));
  }
  CHECK(replayed > rounds / 20);
  CHECK(refused > rounds / 20);
}
