// SPDX-License-Identifier: GPL-3.0-or-later
#include "block/overlay.h"

#include <random>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"

namespace mend::block {
namespace {

using test::FailingDevice;
using test::MemoryDevice;
using test::RecordingDevice;

ByteVector random_bytes(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  ByteVector bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

ByteVector part(const ByteVector& bytes, uint64_t offset, uint64_t length) {
  const Bytes piece = slice(Bytes(bytes), offset, length);
  return {piece.begin(), piece.end()};
}

// A disk of ten blocks and a short eleventh, watched; and an overlay over it.
struct Fixture {
  static constexpr size_t kBytes = 10 * 4096 + 1024;
  std::shared_ptr<MemoryDevice> disk = std::make_shared<MemoryDevice>(random_bytes(kBytes, 1));
  std::shared_ptr<RecordingDevice> watched = std::make_shared<RecordingDevice>(*disk);
  ByteVector before = disk->bytes;
  Overlay overlay{watched};

  ByteVector all() { return overlay.read_bytes(0, kBytes); }
};

class PhysicalDevice : public MemoryDevice {
 public:
  PhysicalDevice(size_t size, uint32_t physical) : MemoryDevice(size), physical_(physical) {}
  uint32_t physical_block_bytes() const override { return physical_; }

 private:
  uint32_t physical_;
};

TEST_CASE("O-1: nothing that is done to an overlay writes or flushes the reader below", "[block]") {
  Fixture f;
  f.overlay.write(100, random_bytes(9000, 2));
  f.overlay.end_stage(Stage::kEdits);
  f.overlay.write(3, random_bytes(1, 3));
  f.overlay.flush();
  f.all();
  f.overlay.changed_blocks();
  f.overlay.discard();
  CHECK(f.disk->bytes == f.before);
  for (const auto& event : f.watched->events) CHECK(event.kind == RecordingDevice::Kind::kRead);
}

TEST_CASE("O-2: reads see the last write, in open and closed stages, against a model", "[block]") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Fixture f;
    std::mt19937_64 random(seed);
    ByteVector model = f.before;
    uint8_t stage = 1;
    for (int step = 0; step < 60; ++step) {
      const uint64_t offset = random() % (Fixture::kBytes + 1);
      const uint64_t length = std::min<uint64_t>(random() % 10000, Fixture::kBytes - offset);
      const ByteVector data = random_bytes(static_cast<size_t>(length), random());
      f.overlay.write(offset, data);
      std::copy(data.begin(), data.end(), model.begin() + static_cast<ptrdiff_t>(offset));
      if (random() % 16 == 0 && stage <= 6) f.overlay.end_stage(static_cast<Stage>(stage++));
      const uint64_t from = random() % (Fixture::kBytes + 1);
      const uint64_t count = std::min<uint64_t>(random() % 20000, Fixture::kBytes - from);
      REQUIRE(f.overlay.read_bytes(from, count) == part(model, from, count));
    }
    REQUIRE(f.all() == model);
    // O-5 with it: the other view still has every old byte.
    REQUIRE(f.overlay.original().read_bytes(0, Fixture::kBytes) == f.before);
  }
}

TEST_CASE("O-3: blocks are aligned on the disk, to 4096 bytes or the physical block", "[block]") {
  for (const uint32_t physical : {512u, 4096u, 16384u}) {
    const auto disk = std::make_shared<PhysicalDevice>(100'000, physical);
    Overlay overlay(disk);
    const uint32_t block = std::max(physical, 4096u);
    CHECK(overlay.block_bytes() == block);
    const uint8_t one = 1;
    overlay.write(block - 1, Bytes(&one, 1));
    overlay.write(99'999, Bytes(&one, 1));
    overlay.end_stage(Stage::kEdits);
    const auto& blocks = overlay.stages().at(0).blocks;
    REQUIRE(blocks.size() == 2);
    CHECK(blocks.begin()->first == 0);
    CHECK(blocks.begin()->second.size() == block);
    const uint64_t last = align_down(99'999, block);
    CHECK(blocks.rbegin()->first == last);
    CHECK(blocks.rbegin()->second.size() == 100'000 - last);
  }
  CHECK_THROWS_AS(Overlay(std::make_shared<PhysicalDevice>(100'000, 12288)), Error);
}

TEST_CASE("O-4: a stage holds one image of each block that differs from the image before", "[block]") {
  Fixture f;
  const ByteVector old = part(f.before, 4096, 4096);
  f.overlay.write(4096, random_bytes(10, 2));
  f.overlay.write(4096, random_bytes(10, 3));         // twice in one stage: one image
  f.overlay.write(8192, part(f.before, 8192, 4096));  // as it was: none
  f.overlay.end_stage(Stage::kDirtySet);
  const ByteVector first = f.overlay.read_bytes(4096, 4096);
  f.overlay.write(4096, first);  // as the stage before has it: none
  f.overlay.end_stage(Stage::kEdits);
  f.overlay.write(4096, old);  // back to the old bytes: one
  f.overlay.end_stage(Stage::kDirtyRestore);

  REQUIRE(f.overlay.stages().size() == 2);
  CHECK(f.overlay.stages()[0].stage == Stage::kDirtySet);
  CHECK(f.overlay.stages()[0].blocks == std::map<uint64_t, ByteVector>{{4096, first}});
  CHECK(f.overlay.stages()[1].stage == Stage::kDirtyRestore);
  CHECK(f.overlay.stages()[1].blocks == std::map<uint64_t, ByteVector>{{4096, old}});
  CHECK(f.overlay.changed_blocks().empty());  // in the end nothing differs from the disk
}

TEST_CASE("Stages end in their order, each once", "[block]") {
  Fixture f;
  f.overlay.write(0, random_bytes(10, 2));
  f.overlay.end_stage(Stage::kEdits);
  f.overlay.write(0, random_bytes(10, 3));
  for (const Stage stage : {Stage::kEdits, Stage::kDirtySet}) {
    try {
      f.overlay.end_stage(stage);
      FAIL("taken");
    } catch (const Error& error) {
      CHECK(std::string(error.id()) == "block.overlay.stage");
    }
  }
  f.overlay.end_stage(Stage::kDirtyRestore);
  CHECK(f.overlay.stages().size() == 2);
}

TEST_CASE("O-5: the original of a block is that of its first write, whatever happens below", "[block]") {
  Fixture f;
  f.overlay.write(5000, random_bytes(10, 2));
  f.disk->bytes[4096] ^= 0xFF;   // in the block that is held
  f.disk->bytes[20000] ^= 0xFF;  // in one that is not
  CHECK(f.overlay.original_block(4096) == part(f.before, 4096, 4096));
  CHECK(f.overlay.original().read_bytes(4096, 4096) == part(f.before, 4096, 4096));
  CHECK(f.overlay.original().read_bytes(20000, 1)[0] == f.disk->bytes[20000]);
  CHECK(f.overlay.original_block(16384) == part(f.disk->bytes, 16384, 4096));
  CHECK(f.overlay.original_block(40960).size() == 1024);  // the short last block
  CHECK_THROWS_AS(f.overlay.original_block(45056), Error);
}

TEST_CASE("Changed blocks are those of all stages that differ from the disk, in order", "[block]") {
  Fixture f;
  f.overlay.write(20480, random_bytes(1, 2));
  f.overlay.end_stage(Stage::kDirtySet);
  f.overlay.write(4095, random_bytes(2, 3));
  f.overlay.write(8192, part(f.before, 8192, 10));
  CHECK(f.overlay.changed_blocks() == std::vector<uint64_t>{0, 4096, 20480});
  f.overlay.discard();
  CHECK(f.overlay.changed_blocks().empty());
  CHECK(f.overlay.stages().empty());
  CHECK(f.all() == f.before);
}

TEST_CASE("A copy has the closed stages, and what is written to it stays in it", "[block]") {
  Fixture f;
  f.overlay.write(100, random_bytes(9000, 2));
  f.overlay.end_stage(Stage::kReplay);
  f.overlay.write(5000, random_bytes(10, 3));
  f.overlay.end_stage(Stage::kLogRestart);
  const ByteVector staged = f.all();
  f.overlay.write(20000, random_bytes(10, 4));  // open: not copied
  const std::shared_ptr<Overlay> copy = f.overlay.copy();
  CHECK(copy->read_bytes(0, Fixture::kBytes) == staged);
  CHECK(copy->original().read_bytes(0, Fixture::kBytes) == f.before);
  CHECK(copy->stages().size() == 2);

  const ByteVector more = random_bytes(30, 5);
  copy->write(5005, more);
  copy->end_stage(Stage::kEdits);
  CHECK(copy->read_bytes(5005, 30) == more);
  CHECK(f.overlay.read_bytes(5005, 30) == part(staged, 5005, 30));
  REQUIRE(copy->stages().size() == 3);
  CHECK(copy->stages()[2].blocks.size() == 1);
  CHECK(f.overlay.stages().size() == 2);
}

TEST_CASE("A write whose block cannot be read leaves the overlay as it was", "[block]") {
  MemoryDevice disk(random_bytes(Fixture::kBytes, 1));
  const auto failing = std::make_shared<FailingDevice>(disk);
  Overlay overlay(failing);
  overlay.write(4096, random_bytes(10, 2));
  const ByteVector held = overlay.read_bytes(4096, 4096);
  failing->fail_read = failing->reads;
  CHECK_THROWS_AS(overlay.write(4096, random_bytes(12000, 3)), Error);  // the second block is not held yet
  CHECK(overlay.read_bytes(4096, 4096) == held);
  CHECK(overlay.changed_blocks() == std::vector<uint64_t>{4096});
}

TEST_CASE("A block costs one read below, however often it is written and staged", "[block]") {
  Fixture f;
  for (int i = 0; i < 5; ++i) f.overlay.write(4096 + 100, random_bytes(100, static_cast<uint64_t>(i)));
  f.overlay.end_stage(Stage::kDirtySet);
  f.overlay.write(4096, random_bytes(4096, 9));
  f.overlay.end_stage(Stage::kEdits);
  f.overlay.changed_blocks();
  f.overlay.original_block(4096);
  CHECK(f.watched->events.size() == 1);
  f.overlay.write(8192, random_bytes(5 * 4096, 10));  // new neighbours: one read for all
  CHECK(f.watched->events.size() == 2);
}

TEST_CASE("A large read is one read below for each gap between held blocks", "[block]") {
  const auto disk = std::make_shared<MemoryDevice>(random_bytes(1 << 20, 1));
  const auto watched = std::make_shared<RecordingDevice>(*disk);
  Overlay overlay(watched);
  for (const uint64_t block : {3u, 4u, 100u}) overlay.write(block * 4096, random_bytes(4096, block));
  watched->events.clear();
  const ByteVector all = overlay.read_bytes(0, 1 << 20);
  REQUIRE(watched->events.size() == 3);
  CHECK(watched->events[0].length == 3 * 4096);
  CHECK(watched->events[1].offset == 5 * 4096);
  CHECK(watched->events[2].offset == 101 * 4096);
  ByteVector expected = disk->bytes;
  for (const uint64_t block : {3u, 4u, 100u}) {
    const ByteVector data = random_bytes(4096, block);
    std::copy(data.begin(), data.end(), expected.begin() + static_cast<ptrdiff_t>(block * 4096));
  }
  CHECK(all == expected);
}

TEST_CASE("Every stage has a word of its own", "[block]") {
  std::vector<std::string> words;
  for (uint8_t i = 1; i <= 9; ++i) words.emplace_back(to_string(static_cast<Stage>(i)));
  CHECK(words == std::vector<std::string>{"hibernation", "replay-dirty-set", "replay", "log-restart", "undo",
                                          "replay-dirty-restore", "dirty-set", "edits", "dirty-restore"});
}

}  // namespace
}  // namespace mend::block
