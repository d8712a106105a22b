// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a journal. The first byte chooses how: bit 0, whether the checksums are made right first, so
// that what lies behind them is reached; bit 1, undo instead of resume; bits 2 to 4: where the disk stands. A
// journal that opens must do what it says, and nothing outside its blocks.
#include "base/error.h"
#include "crypto/sha256.h"
#include "journal/commit.h"
#include "journal/position.h"
#include "tests/fuzz/seeds.h"
#include "tests/support/crash_device.h"
#include "tests/support/memory_device.h"

namespace mend::test {
namespace {

constexpr uint64_t kLargestDisk = 1 << 20;
constexpr char kName[] = "fuzz.undo";

void copy_to(ByteVector& bytes, uint64_t offset, Bytes data) {
  const MutableBytes place = slice(MutableBytes(bytes), offset, data.size());
  std::copy(data.begin(), data.end(), place.begin());
}

// FORMAT.md: images, table, header, marks, in this order.
void mend_checksums(ByteVector& file) {
  constexpr uint64_t kHeader = 0x2000, kTable = 0x3000;
  if (file.size() < kTable) return;
  const uint64_t entries = std::min<uint64_t>(read_le<uint32_t>(file, kHeader + 0x38), file.size() / 64);
  for (uint64_t at = kTable; at < kTable + entries * 64 && fits(at, 64, file.size()); at += 64) {
    const uint64_t offset = read_le<uint64_t>(file, at + 8), length = read_le<uint32_t>(file, at + 16);
    if (offset != 0 && fits(offset, length, file.size()))
      copy_to(file, at + 32, crypto::sha256(slice(Bytes(file), offset, length)));
  }
  const uint64_t table = align_up(entries * 64, 4096);
  if (fits(kTable, table, file.size()))
    copy_to(file, kHeader + 0x78, crypto::sha256(slice(Bytes(file), kTable, table)));
  copy_to(file, kHeader + 0xFE0, crypto::sha256(slice(Bytes(file), kHeader, 0xFE0)));
  for (const uint64_t mark : {uint64_t{0x0000}, uint64_t{0x1000}}) {
    const ByteVector id(file.begin() + kHeader + 0x18, file.begin() + kHeader + 0x28);
    copy_to(file, mark + 0x18, id);
    copy_to(file, mark + 0x30, crypto::sha256(slice(Bytes(file), kHeader, 0xFE0)));
    copy_to(file, mark + 0x1E0, crypto::sha256(slice(Bytes(file), mark, 0x1E0)));
  }
}

void put_position(ByteVector& disk, const journal::Journal& journal, size_t position) {
  for (const journal::Block& block : journal.blocks())
    copy_to(disk, block.offset, block.images[journal::image_at(journal, block, position)].bytes);
}

void require(bool holds) {
  if (!holds) std::abort();
}

void run(journal::Journal& journal, bool back, size_t position) {
  const size_t last = journal.stages().size();
  ByteVector bytes(static_cast<size_t>(journal.target().disk_size_bytes), 0x5A);
  put_position(bytes, journal, std::min(position, last));
  MemoryDevice disk(bytes);
  const bool forward = !back && journal.state() == journal::State::kValid;
  const bool finished =
      back ? journal.state() == journal::State::kRolledBack || journal.state() == journal::State::kUndone
           : !journal::is_open(journal.state());
  try {
    const journal::Result result = back ? journal::undo(journal, disk, journal.target())
                                        : journal::resume(journal, disk, journal.target());
    if (!finished) put_position(bytes, journal, forward ? last : 0);
    require(disk.bytes == bytes);
    require(result.outcome != journal::Outcome::kLeftOpen &&
            result.outcome != journal::Outcome::kNothingWritten);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::kConflict);  // a witness is not what the disk has
    require(disk.bytes == bytes);
  }
}

ByteVector seed(uint8_t how, bool with_witness, bool closed) {
  ByteVector before(20 * 4096 + 512);
  for (size_t i = 0; i < before.size(); ++i) before[i] = static_cast<uint8_t>(i / 512 + i);
  const auto disk = std::make_shared<MemoryDevice>(before);
  block::Overlay overlay(disk);
  const uint8_t one = 1;
  overlay.write(4200, Bytes(&one, 1));
  overlay.end_stage(block::Stage::kDirtySet);
  overlay.write(30'000, ByteVector(6000, 3));
  overlay.end_stage(block::Stage::kEdits);
  overlay.write(4200, Bytes(&before[4200], 1));
  overlay.end_stage(block::Stage::kDirtyRestore);
  journal::Request request;
  request.run_id = "00112233";
  request.target.disk_serial = "serial";
  request.target.disk_size_bytes = before.size();
  request.target.partition_size = before.size();
  request.block_bytes = overlay.block_bytes();
  if (with_witness) request.witnesses.push_back({8192, disk->read_bytes(8192, 100)});
  Power power;
  const auto stick = std::make_shared<CrashStore>(power);
  journal::Journal journal = journal::Journal::create(stick, kName, request, overlay.stages(), *disk);
  journal.make_valid();
  if (closed) journal.mark(journal::State::kClosed);
  ByteVector input = {how};
  const ByteVector file = stick->durable_files().at(kName);
  input.insert(input.end(), file.begin(), file.end());
  return input;
}

}  // namespace

std::vector<ByteVector> fuzz_seeds() {
  return {seed(0, false, false), seed(1, false, false), seed(1 + 2, false, true), seed(1 + 8, true, false)};
}

}  // namespace mend::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mend;
  if (size == 0) return 0;
  ByteVector file(data + 1, data + size);
  if (data[0] & 1) test::mend_checksums(file);
  test::Power power;
  const auto stick =
      std::make_shared<test::CrashStore>(power, test::CrashStore::Files{{test::kName, std::move(file)}});
  try {
    journal::Journal journal = journal::Journal::open(stick, test::kName);
    if (journal.state() == journal::State::kEmpty) return 0;
    if (journal.target().disk_size_bytes > test::kLargestDisk) return 0;
    test::run(journal, (data[0] & 2) != 0, data[0] >> 2 & 7);
  } catch (const Error& error) {
    test::require(error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported);
  }
  return 0;
}
