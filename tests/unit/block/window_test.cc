// SPDX-License-Identifier: GPL-3.0-or-later
#include "block/window.h"

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"

namespace mend::block {
namespace {

using test::MemoryDevice;
using test::RecordingDevice;

TEST_CASE("A window counts from its own start and reaches nothing outside", "[block]") {
  const auto disk = std::make_shared<MemoryDevice>(10'000);
  Window window(disk, 1000, 500, "partition 1 of memory");
  CHECK(window.size_bytes() == 500);
  CHECK(window.offset() == 1000);
  CHECK(window.describe() == "partition 1 of memory");
  window.write(0, ByteVector(500, 7));
  for (size_t i = 0; i < disk->bytes.size(); ++i) REQUIRE(disk->bytes[i] == (i >= 1000 && i < 1500 ? 7 : 0));
  CHECK(window.read_bytes(499, 1) == ByteVector{7});
  CHECK_THROWS_AS(window.write(499, ByteVector(2)), Error);
  CHECK_THROWS_AS(window.read_bytes(500, 1), Error);
  CHECK_THROWS_AS(window.read_bytes(UINT64_MAX - 999, 1000), Error);  // would wrap to the disk's start
  ByteVector byte(1);
  CHECK_THROWS_AS(window.read_uncached(500, byte), Error);
  window.forget_cached(0, UINT64_MAX);  // a hint: nothing happens
}

TEST_CASE("A window that does not lie on its device is refused, with all four numbers", "[block]") {
  const auto disk = std::make_shared<MemoryDevice>(10'000);
  Window(disk, 10'000, 0, "nothing at the end");
  Window(disk, 0, 10'000, "all of it");
  for (const auto& [offset, size] : {std::pair<uint64_t, uint64_t>{1, 10'000},
                                     {10'001, 0},
                                     {UINT64_MAX, 2},
                                     {2, UINT64_MAX},
                                     {9'999, 2}}) {
    try {
      Window(disk, offset, size, "partition 7");
      FAIL("taken: " << offset << " " << size);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kCorrupt);
      const std::string text = error.what();
      CHECK(text.find("partition 7") != std::string::npos);
      CHECK(text.find(std::to_string(offset)) != std::string::npos);
      CHECK(text.find(std::to_string(size)) != std::string::npos);
      CHECK(text.find("10000") != std::string::npos);
    }
  }
}

TEST_CASE("A window has the geometry of its device and hands flushes down", "[block]") {
  MemoryDevice disk(64 * 1024, 4096);
  const auto watched = std::make_shared<RecordingDevice>(disk);
  Window window(watched, 4096, 8192, "p");
  CHECK(window.sector_bytes() == 4096);
  CHECK(window.physical_block_bytes() == 4096);
  window.flush();
  REQUIRE(watched->events.size() == 1);
  CHECK(watched->events[0].kind == RecordingDevice::Kind::kFlush);
}

}  // namespace
}  // namespace mend::block
