// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/cache.h"

#include <algorithm>
#include <random>

#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

TEST_CASE("The cache delivers what the device holds, whatever is asked in whatever order", "[ntfs]") {
  std::mt19937 random(11);
  MemoryDevice device(400 * 4096 + 700);  // more blocks than it keeps, the last one short
  for (uint8_t& byte : device.bytes) byte = static_cast<uint8_t>(random());
  BlockCache cache(device);
  for (int i = 0; i < 50000; ++i) {
    const size_t length = random() % (i % 50 == 0 ? 40000 : 17000);
    const size_t offset = random() % (device.bytes.size() - length + 1);
    ByteVector out(length, 0xee);
    cache.read(offset, out);
    if (!equal(out, Bytes(device.bytes).subspan(offset, length))) FAIL("read " << i << " differs");
  }
  CHECK(id_of_error([&] {
          ByteVector out(10);
          cache.read(device.bytes.size() - 9, out);
        }) == "block.range");
}

TEST_CASE("What is asked for again is not read again, and missing blocks are one read", "[ntfs]") {
  MemoryDevice memory(1 << 20);
  RecordingDevice device(memory);
  BlockCache cache(device);
  ByteVector out(16384);
  cache.read(8192 + 100, MutableBytes(out).first(1024));
  CHECK(device.events.size() == 1);
  CHECK(device.events[0].length == 4096);
  cache.read(8192 + 3000, MutableBytes(out).first(1096));
  CHECK(device.events.size() == 1);
  cache.read(0, out);  // blocks 0 to 3, of which 2 is there
  CHECK(device.events.size() == 2);
  cache.read(0, out);
  CHECK(device.events.size() == 2);
  ByteVector large(16385);
  cache.read(0, large);
  cache.read(0, large);
  CHECK(device.events.size() == 4);
}
