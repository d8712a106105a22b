// SPDX-License-Identifier: GPL-3.0-or-later
// A log from any bytes, looked at and replayed into a small volume. An input is the log's pages from the
// first on, without fixups, which are put on here so that changes get past them; what the input does not
// reach is 0xFF, and a page of 0xFF stays one. Nothing outside the volume may be written, and of the log
// nothing but its restart pages, after everything else.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "ntfs/replay.h"
#include "tests/fuzz/seeds.h"
#include "tests/unit/ntfs/log_volume.h"

namespace {

using namespace mend;
using test::LogOp;
using test::LogVolume;
using test::LogWriter;

constexpr size_t kLogBytes = 128 * LogWriter::kPage;
constexpr uint64_t kLogPlace = LogVolume::kLog * LogVolume::kCluster;
// Only these pages are in a seed: restart pages, copies, and where its records are.
constexpr size_t kSeedPages = 38;

class GuardedDevice : public block::BlockDevice {
 public:
  explicit GuardedDevice(test::MemoryDevice& below) : below_(below) {}
  uint64_t size_bytes() const override { return below_.size_bytes(); }
  uint32_t sector_bytes() const override { return 512; }
  uint32_t physical_block_bytes() const override { return 4096; }
  std::string describe() const override { return "the input"; }
  void read(uint64_t offset, MutableBytes out) override { below_.read(offset, out); }
  void write(uint64_t offset, Bytes data) override {
    if (!fits(offset, data.size(), size_bytes())) std::abort();
    const uint64_t free_until = pages_written ? kLogPlace + 2 * LogWriter::kPage : kLogPlace;
    const bool in_log = offset < kLogPlace + kLogBytes && offset + data.size() > kLogPlace;
    if (in_log && offset + data.size() > free_until) std::abort();
    below_.write(offset, data);
  }
  void flush() override {}
  bool pages_written = false;

 private:
  test::MemoryDevice& below_;
};

ByteVector log_of(Bytes input) {
  ByteVector log(kLogBytes, 0xff);
  for (size_t at = 0; at < std::min(input.size(), kLogBytes); at += LogWriter::kPage) {
    const Bytes piece = input.subspan(at, std::min(LogWriter::kPage, input.size() - at));
    if (std::all_of(piece.begin(), piece.end(), [](uint8_t byte) { return byte == 0xff; })) continue;
    ByteVector page(piece.begin(), piece.end());
    page.resize(LogWriter::kPage, 0xff);
    LogWriter::put_page(log, at / LogWriter::kPage, std::move(page));
  }
  return log;
}

LogOp record_op(uint16_t redo, uint16_t undo, ByteVector data, ByteVector other, uint16_t at,
                uint16_t within) {
  LogOp op{.redo = redo, .undo = undo, .redo_data = std::move(data), .undo_data = std::move(other)};
  op.target = 0x18, op.vcn = 1, op.lcns = {LogVolume::kMft + 1}, op.block_offset = 6;  // record 7
  op.record_offset = at, op.attribute_offset = within;
  return op;
}
LogOp block_op(uint16_t redo, uint16_t undo, ByteVector data, ByteVector other, uint16_t within) {
  LogOp op{.redo = redo, .undo = undo, .redo_data = std::move(data), .undo_data = std::move(other)};
  op.target = 0x40, op.lcns = {LogVolume::kBlock}, op.attribute_offset = within;
  return op;
}
LogOp raw_op(uint16_t redo, uint16_t undo, const ByteVector& data, uint16_t target, uint64_t lcn) {
  LogOp op{.redo = redo, .undo = undo, .redo_data = data, .undo_data = data};
  op.target = target, op.lcns = {lcn};
  return op;
}

void write_operations(LogWriter& log, uint32_t transaction) {
  log.write(transaction, record_op(0x07, 0x07, ByteVector(8, 1), ByteVector(8, 0x5a), 0x80, 0x18));
  log.write(transaction, record_op(0x07, 0x07, ByteVector(20, 1), {}, 0x80, 0x20));
  log.write(transaction,
            record_op(0x05, 0x06, test::resident_attribute(0x100, 5, ByteVector(8)), {}, 0xb8, 0));
  log.write(transaction, record_op(0x05, 0x06, test::non_resident_attribute(0xf0, 6, 1, 220), {}, 0xb8, 0));
  log.write(transaction, record_op(0x09, 0x09, {0x21, 2, 2, 0, 0}, {0, 0, 0}, 0xb8, 0x45));
  log.write(transaction, record_op(0x0b, 0x0b, ByteVector(0x18), ByteVector(0x18), 0xb8, 0));
  log.write(transaction, block_op(0x0e, 0x0f, test::index_entry(9, 'b'), {}, 0x98));
  log.write(transaction, block_op(0x14, 0x14, ByteVector(0x38, 1), ByteVector(0x38), 0x40));
  log.write(transaction, block_op(0x0f, 0x0e, {}, test::index_entry(9, 'b'), 0x98));
  log.write(transaction, raw_op(0x15, 0x16, {1, 0, 0, 0, 9, 0, 0, 0}, 0x68, LogVolume::kBitmap));
  log.write(transaction, raw_op(0x08, 0x08, ByteVector(100, 3), 0x90, LogVolume::kStream));
}

ByteVector seed(uint16_t major, bool ended, bool tables) {
  LogWriter log({.major = major, .sequence = 3});
  const uint64_t opened = log.append(1, 0x40, 0, LogWriter::operation({}));
  log.append(1, 0x40, 0, LogWriter::operation({.redo = 0x1b, .undo = 0x01}));
  LogWriter::Tables all;
  all.open = LogWriter::table(
      {LogWriter::open_entry(0x80, uint64_t{1} << 48, opened), LogWriter::open_entry(0xa0, 8, opened, 4096),
       LogWriter::open_entry(0xb0, uint64_t{1} << 48, opened), LogWriter::open_entry(0x80, 9, opened)});
  if (tables) {
    const uint64_t first = log.write(0x18, raw_op(0x08, 0x08, ByteVector(9, 4), 0x90, LogVolume::kStream));
    all.names = {0x40, 0, 2, 0, 'i', 0, 0, 0, 0, 0, 0, 0};
    all.dirty = LogWriter::table({LogWriter::dirty_entry(0x90, 0, first, {LogVolume::kStream})});
    all.transactions = LogWriter::table({LogWriter::transaction_entry(1, first, first)});
  }
  log.checkpoint(all);
  log.current = log.last_lsn();
  write_operations(log, 0x18);
  if (ended) log.forget(0x18);
  ByteVector out(kSeedPages * LogWriter::kPage, 0xff);
  for (const auto& [number, page] : log.plain_pages())
    std::copy(page.begin(), page.end(), out.begin() + static_cast<ptrdiff_t>(number * LogWriter::kPage));
  const ByteVector first_page = log.plain_pages().at(34);
  const ByteVector copy =
      major == 1 ? LogWriter::tail_copy(first_page, 34) : LogWriter::fast_copy(first_page, 34);
  std::copy(copy.begin(), copy.end(), out.begin() + 2 * LogWriter::kPage);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const LogVolume clean;
  LogVolume volume = clean;
  volume.put_log(log_of({data, size}));
  (void)ntfs::inspect_log(volume.device);
  GuardedDevice device(volume.device);
  try {
    ntfs::replay_log(device, [&](ntfs::ReplayStage) { device.pages_written = true; });
    if (ntfs::inspect_log(volume.device).text() != "clean") std::abort();
  } catch (const Error&) {
  }
  return 0;
}

std::vector<ByteVector> mend::test::fuzz_seeds() {
  std::vector<ByteVector> seeds;
  for (const uint16_t major : {uint16_t{1}, uint16_t{2}})
    for (const bool ended : {true, false})
      for (const bool tables : {true, false}) seeds.push_back(seed(major, ended, tables));
  // All of each is understood: a seed that is refused would explore nothing.
  for (const ByteVector& each : seeds) {
    LogVolume volume;
    volume.put_log(log_of(each));
    if (ntfs::replay_log(volume.device).redone < 11) std::abort();
  }
  return seeds;
}
