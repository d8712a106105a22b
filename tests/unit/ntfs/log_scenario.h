// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests of the replay put into the log of a LogVolume: one operation of each kind of target, and
// what the volume looks like when they are done.
#pragma once

#include "ntfs/log_sequence.h"
#include "ntfs/replay.h"
#include "tests/support/catch.h"
#include "tests/unit/ntfs/log_volume.h"
#include "tests/unit/ntfs/sweeps.h"

namespace mend::test {

inline constexpr uint16_t kMftSlot = 0x18, kIndexSlot = 0x40, kBitmapSlot = 0x68, kStreamSlot = 0x90;
inline constexpr uint32_t kTransaction = 0x18, kOther = 0x40;
inline constexpr size_t kFirst = 0x38, kSecond = kFirst + 0x48, kEntries = 0x40;

inline ByteVector bits(uint32_t first, uint32_t count) {
  ByteVector out(8);
  write_le<uint32_t>(out, 0, first);
  write_le<uint32_t>(out, 4, count);
  return out;
}

// Operations on LogVolume.
inline LogOp change_value(uint64_t record, const ByteVector& now, const ByteVector& before) {
  return {.redo = 0x07,
          .undo = 0x07,
          .redo_data = now,
          .undo_data = before,
          .target = kMftSlot,
          .vcn = record / 4,
          .lcns = {LogVolume::kMft + record / 4},
          .record_offset = kSecond,
          .attribute_offset = 0x18,
          .block_offset = static_cast<uint16_t>(record % 4 * 2)};
}
inline LogOp add_entry(const ByteVector& entry, size_t at) {
  return {.redo = 0x0e,
          .undo = 0x0f,
          .redo_data = entry,
          .target = kIndexSlot,
          .vcn = 0,
          .lcns = {LogVolume::kBlock},
          .attribute_offset = static_cast<uint16_t>(at)};
}
inline LogOp set_bits(uint32_t first, uint32_t count) {
  return {.redo = 0x15,
          .undo = 0x16,
          .redo_data = bits(first, count),
          .undo_data = bits(first, count),
          .target = kBitmapSlot,
          .vcn = 0,
          .lcns = {LogVolume::kBitmap}};
}
inline LogOp write_stream(const ByteVector& now, const ByteVector& before, size_t at) {
  return {.redo = 0x08,
          .undo = 0x08,
          .redo_data = now,
          .undo_data = before,
          .target = kStreamSlot,
          .vcn = 0,
          .lcns = {LogVolume::kStream},
          .record_offset = static_cast<uint16_t>(at)};
}

inline std::vector<ByteVector> open_entries(uint64_t lsn) {
  return {LogWriter::open_entry(0x80, uint64_t{1} << 48, lsn), LogWriter::open_entry(0xa0, 8, lsn, 4096),
          LogWriter::open_entry(0xb0, uint64_t{1} << 48, lsn), LogWriter::open_entry(0x80, 9, lsn)};
}

// A checkpoint that names what is open, and what `fill` writes after it.
template <typename Fill>
LogWriter log_with(Fill&& fill, const LogShape& shape = {}) {
  LogWriter writer(shape);
  writer.append(1, kOther, 0, LogWriter::operation({}));
  writer.append(1, kOther, 0, LogWriter::operation({.redo = 0x1b, .undo = 0x01}));
  writer.checkpoint({.open = LogWriter::table(open_entries(writer.last_lsn()))});
  writer.current = writer.last_lsn();
  fill(writer);
  return writer;
}

inline const ByteVector kOld(8, 0x5a), kNew(8, 0x77);

inline void change_everything(LogWriter& writer) {
  writer.write(kTransaction, change_value(7, kNew, kOld));
  writer.write(kTransaction, add_entry(index_entry(9, 'b'), kEntries + index_entry(7, 'a').size()));
  writer.write(kTransaction, set_bits(17, 3));
  writer.write(kTransaction, write_stream({1, 2, 3}, {0, 0, 0}, 100));
}

inline bool value_is(LogVolume& volume, uint64_t record, const ByteVector& wanted) {
  const ByteVector bytes = volume.get_record(record);
  REQUIRE_FALSE(bytes.empty());
  return std::equal(wanted.begin(), wanted.end(), bytes.begin() + kSecond + 0x18);
}

inline void check_changed(LogVolume& volume) {
  CHECK(value_is(volume, 7, kNew));
  CHECK(read_le<uint32_t>(volume.get_block(), 0x1c) == 0x28 + 2 * index_entry(7, 'a').size() + 0x10);
  CHECK(volume.bitmap_byte(2) == 0x0e);
  CHECK(volume.device.bytes[LogVolume::kStream * 4096 + 102] == 3);
}

inline std::string replay_error(const LogWriter& writer, LogVolume* into = nullptr) {
  LogVolume volume;
  LogVolume& target = into != nullptr ? *into : volume;
  target.put_log(writer.finish());
  return id_of_error([&] { ntfs::replay_log(target.device); });
}

}  // namespace mend::test
