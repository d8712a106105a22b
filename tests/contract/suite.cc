// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/contract/suite.h"

#include <algorithm>
#include <random>

#include "base/error.h"
#include "tests/support/catch.h"

namespace mend::test {

namespace {

constexpr size_t kRandomWrites = 120;
constexpr uint64_t kLongest = 9000;  // more than two sectors of 4096 bytes

ByteVector pattern(size_t length, uint64_t seed) {
  std::mt19937_64 random(seed);
  ByteVector bytes(length);
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<uint8_t>(random()); });
  return bytes;
}

ByteVector whole(block::BlockReader& device) {
  return device.read_bytes(0, device.size_bytes());
}

// That the call is refused as out of range, by the error the contract names.
template <typename Call>
void check_out_of_range(Call call) {
  try {
    call();
    FAIL("a request outside the device was taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kIo);
    CHECK(std::string(error.id()) == "block.range");
  }
}

void check_geometry(const Subject& subject) {
  block::BlockDevice& device = *subject.device;
  CHECK(device.size_bytes() >= subject.writable_to);
  CHECK((device.sector_bytes() == 512 || device.sector_bytes() == 4096));
  CHECK(device.physical_block_bytes() >= device.sector_bytes());
  CHECK_FALSE(device.describe().empty());
}

// D-1, D-3, D-5: against a model in memory, at odd offsets and lengths, single bytes and whole sectors.
void check_reads_see_writes(const Subject& subject) {
  block::BlockDevice& device = *subject.device;
  ByteVector model = whole(device);
  std::mt19937_64 random(7);
  for (size_t i = 0; i < kRandomWrites; ++i) {
    const uint64_t unit = random() % 3 == 0 ? device.sector_bytes() : 1;
    const uint64_t room = subject.writable_to - subject.writable_from;
    const uint64_t offset = subject.writable_from + align_down(random() % room, unit);
    const uint64_t length =
        std::min(align_up(random() % kLongest + 1, unit), align_down(subject.writable_to - offset, unit));
    const ByteVector data = pattern(static_cast<size_t>(length), i);
    device.write(offset, data);
    std::copy(data.begin(), data.end(), model.begin() + static_cast<ptrdiff_t>(offset));
    if (i % 7 == 0) device.flush();
    REQUIRE(device.read_bytes(offset, length) == data);
  }
  REQUIRE(whole(device) == model);
  for (size_t i = 0; i < kRandomWrites; ++i) {
    const uint64_t offset = random() % model.size();
    const uint64_t length = std::min<uint64_t>(random() % kLongest, model.size() - offset);
    const auto first = model.begin() + static_cast<ptrdiff_t>(offset);
    REQUIRE(device.read_bytes(offset, length) == ByteVector(first, first + static_cast<ptrdiff_t>(length)));
  }
  subject.check_outside();
}

// D-2.
void check_range_is_kept(const Subject& subject) {
  block::BlockDevice& device = *subject.device;
  const ByteVector before = whole(device);
  const uint64_t size = device.size_bytes();
  ByteVector buffer(8);
  const uint64_t outside[] = {size - 7, size - 1, size, size + 1, UINT64_MAX - 8, UINT64_MAX - 7, UINT64_MAX};
  for (const uint64_t offset : outside) {
    CAPTURE(offset);
    check_out_of_range([&] { device.read(offset, buffer); });
    check_out_of_range([&] { device.write(offset, buffer); });
  }
  check_out_of_range([&] { device.read(size + 1, {}); });
  check_out_of_range([&] { device.write(size + 1, {}); });
  check_out_of_range([&] { device.read_bytes(0, UINT64_MAX); });
  for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, size}) {
    device.read(offset, {});
    device.write(offset, {});
  }
  CHECK(whole(device) == before);
  subject.check_outside();
}

// D-4, as far as it can be seen without cutting the power: the flush reaches the base. And it changes
// nothing.
void check_flush(const Subject& subject) {
  block::BlockDevice& device = *subject.device;
  const ByteVector data = pattern(5000, 3);
  device.write(subject.writable_from + 1, data);
  const uint64_t flushes = subject.base_flushes ? subject.base_flushes() : 0;
  device.flush();
  device.flush();
  if (subject.base_flushes) CHECK(subject.base_flushes() >= flushes + 2);
  device.forget_cached(0, device.size_bytes());
  CHECK(device.read_bytes(subject.writable_from + 1, data.size()) == data);
  ByteVector past_the_cache(data.size());
  device.read_uncached(subject.writable_from + 1, past_the_cache);
  CHECK(past_the_cache == data);
  subject.check_outside();
}

}  // namespace

void check_contract(const Maker& make) {
  check_geometry(make());
  check_reads_see_writes(make());
  check_range_is_kept(make());
  check_flush(make());
}

}  // namespace mend::test
