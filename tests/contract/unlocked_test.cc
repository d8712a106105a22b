// SPDX-License-Identifier: GPL-3.0-or-later
// The unlocked view of a BitLocker volume, alone and as the repair stacks it: over the overlay.
#include <array>
#include <fstream>
#include <iterator>

#include "bitlocker/unlock.h"
#include "bitlocker/unlocked_volume.h"
#include "block/overlay.h"
#include "tests/contract/suite.h"
#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"
#include "tests/support/temp_folder.h"
#include "tools/brokenpc/brokenpc.h"

namespace mend::test {

namespace {

constexpr uint64_t kStretch = 160 * 1024;

// A whole volume without a partition table, and its keys: made once for each method and sector size.
struct Sealed {
  ByteVector bytes;
  uint32_t sector_bytes = 0;
  std::shared_ptr<const bitlocker::Metadata> metadata;
  std::shared_ptr<const bitlocker::VolumeKeys> keys;
};

Sealed make_sealed(brokenpc::Method method, uint32_t sector_bytes) {
  TempFolder folder;
  brokenpc::Options options;
  options.output = folder / "volume.img";
  options.size_bytes = 32u << 20;
  options.sector_bytes = sector_bytes;
  options.table = brokenpc::Table::kBare;
  options.seed = 1;
  options.method = method;
  options.clear_key = true;  // opens without stretching
  brokenpc::make(options);

  Sealed sealed;
  sealed.sector_bytes = sector_bytes;
  std::ifstream file(options.output, std::ios::binary);
  sealed.bytes.assign(std::istreambuf_iterator<char>(file), {});
  MemoryDevice device(sealed.bytes, sector_bytes);
  const auto unlocked = bitlocker::unlock(bitlocker::Metadata::read(device), {});
  REQUIRE(unlocked);
  sealed.metadata = unlocked->metadata;
  sealed.keys = unlocked->keys;
  return sealed;
}

// The first stretch at or after `from` that meets no metadata, neither at its own place.
uint64_t free_stretch(const bitlocker::Metadata& metadata, uint64_t from) {
  for (const bitlocker::Region& region : metadata.metadata_regions()) {
    if (region.offset < from + kStretch && from < region.offset + region.length)
      from = region.offset + region.length;
  }
  return from;
}

Subject unlocked(const Sealed& sealed, uint64_t from, bool over_overlay) {
  struct Stack {
    Stack(ByteVector bytes, uint32_t sector) : memory(std::move(bytes), sector), recorder(memory) {}
    MemoryDevice memory;
    RecordingDevice recorder;
  };
  auto stack = std::make_shared<Stack>(sealed.bytes, sealed.sector_bytes);
  std::shared_ptr<block::BlockDevice> below(stack, &stack->recorder);
  if (over_overlay) below = std::make_shared<block::Overlay>(below);
  auto device = std::make_shared<bitlocker::UnlockedVolume>(below, *sealed.metadata, sealed.keys);

  Subject subject{device, from, from + kStretch};
  if (over_overlay) {
    subject.check_outside = [stack, &sealed] { CHECK(stack->memory.bytes == sealed.bytes); };
    return subject;
  }
  subject.base_flushes = [stack] {
    uint64_t flushes = 0;
    for (const auto& event : stack->recorder.events) flushes += event.kind == RecordingDevice::Kind::kFlush;
    return flushes;
  };
  // V-1: the metadata on the device stays byte for byte, but for the storage of the moved header.
  subject.check_outside = [stack, &sealed] {
    for (const bitlocker::Region& region : sealed.metadata->metadata_regions()) {
      if (region == sealed.metadata->moved_header()) continue;
      const auto offset = static_cast<ptrdiff_t>(region.offset);
      CHECK(std::equal(sealed.bytes.begin() + offset,
                       sealed.bytes.begin() + offset + static_cast<ptrdiff_t>(region.length),
                       stack->memory.bytes.begin() + offset));
    }
  };
  return subject;
}

}  // namespace

TEST_CASE("D-1 to D-5 hold for the unlocked view, with each method and sector size", "[contract]") {
  using brokenpc::Method;
  for (const Method method : {Method::kXts128, Method::kXts256, Method::kCbc128, Method::kCbc256,
                              Method::kCbc128Elephant, Method::kCbc256Elephant}) {
    for (const uint32_t sector_bytes : {512u, 4096u}) {
      INFO(brokenpc::to_string(method) << ", sectors of " << sector_bytes);
      const Sealed sealed = make_sealed(method, sector_bytes);
      // From the start, so that it crosses the end of the moved header, and somewhere behind.
      for (const uint64_t from : {uint64_t{0}, free_stretch(*sealed.metadata, 1u << 20)}) {
        CAPTURE(from);
        check_contract([&] { return unlocked(sealed, from, false); });
        check_contract([&] { return unlocked(sealed, from, true); });
      }
    }
  }
}

}  // namespace mend::test
