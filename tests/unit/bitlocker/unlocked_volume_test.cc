// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/unlocked_volume.h"

#include <random>
#include <set>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/fve_builder.h"
#include "tests/support/memory_device.h"

namespace mend::bitlocker {
namespace {

using test::FveOptions;
using test::FveVolume;
using test::MemoryDevice;

// A volume of the builder with its unlocked view.
struct Fixture {
  explicit Fixture(const FveOptions& options = {})
      : fve(options), memory(std::make_shared<MemoryDevice>(fve.image)) {
    view = open(memory);
  }
  std::unique_ptr<UnlockedVolume> open(std::shared_ptr<block::BlockDevice> below) const {
    const Metadata metadata = Metadata::read(*below);
    const auto unlocked = unlock(metadata, fve.startup_credentials());
    return std::make_unique<UnlockedVolume>(std::move(below), *unlocked->metadata, unlocked->keys);
  }
  ByteVector read_all() { return view->read_bytes(0, view->size_bytes()); }

  FveVolume fve;
  std::shared_ptr<MemoryDevice> memory;
  std::unique_ptr<UnlockedVolume> view;
};

std::vector<FveOptions> all_options(bool with_vista) {
  std::vector<FveOptions> all;
  for (const Method method : {Method::kAesCbc128Elephant, Method::kAesCbc256Elephant, Method::kAesCbc128,
                              Method::kAesCbc256, Method::kAesXts128, Method::kAesXts256}) {
    for (const uint32_t sector : {512u, 4096u}) {
      for (const Layout layout : {Layout::kFixed, Layout::kToGo, Layout::kVista}) {
        if (layout == Layout::kVista && !with_vista) continue;
        all.push_back({});
        all.back().method = method, all.back().sector_bytes = sector, all.back().layout = layout;
      }
    }
  }
  return all;
}

TEST_CASE("V-1, V-2: the view shows the plaintext, in every method, sector size and layout", "[bitlocker]") {
  for (const FveOptions& options : all_options(true)) {
    Fixture fixture(options);
    CHECK(fixture.view->size_bytes() == FveVolume::kBytes);
    CHECK(fixture.view->sector_bytes() == options.sector_bytes);
    CHECK(fixture.read_all() == fixture.fve.plaintext);
  }
}

TEST_CASE("Reads of any offset and length agree with the plaintext", "[bitlocker]") {
  for (const Layout layout : {Layout::kFixed, Layout::kToGo, Layout::kVista}) {
    FveOptions options;
    options.layout = layout;
    Fixture fixture(options);
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i) {
      const uint64_t at = random() % FveVolume::kBytes;
      const uint64_t length = std::min(random() % (i % 100 == 0 ? 3000000u : 5000u), FveVolume::kBytes - at);
      REQUIRE(equal(fixture.view->read_bytes(at, length), Bytes(fixture.fve.plaintext).subspan(at, length)));
    }
    // Every edge of a region, from one byte before to one after.
    for (const Region& region : {fixture.fve.moved_header(), Region{0, fixture.fve.moved_header().length},
                                 Region{fixture.fve.offsets()[1], fixture.fve.region_bytes()}, Region{0, 512},
                                 Region{0, 8192}, Region{FveVolume::kBytes - 512, 512}}) {
      for (const uint64_t edge : {region.offset, region.offset + region.length}) {
        const uint64_t start = edge == 0 ? 0 : edge - 1,
                       end = std::min<uint64_t>(edge + 1, FveVolume::kBytes);
        CHECK(equal(fixture.view->read_bytes(start, end - start),
                    Bytes(fixture.fve.plaintext).subspan(start, end - start)));
      }
    }
  }
}

// Writes into view and model at places that are allowed.
void write_at_random(Fixture& fixture, int count) {
  std::mt19937_64 random(2);
  for (int done = 0; done < count;) {
    const uint64_t at = random() % FveVolume::kBytes;
    const uint64_t length =
        std::min(1 + random() % (done % 20 == 0 ? 400000u : 3000u), FveVolume::kBytes - at);
    bool allowed = true;
    for (uint64_t i = at; i < at + length; i += 512) allowed = allowed && !fixture.fve.in_metadata(i);
    if (!allowed || fixture.fve.in_metadata(at + length - 1)) continue;
    ByteVector bytes(length);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    fixture.view->write(at, bytes);
    std::copy(bytes.begin(), bytes.end(), fixture.fve.plaintext.begin() + static_cast<ptrdiff_t>(at));
    ++done;
  }
}

TEST_CASE("V-2, V-3: what was written is read back, through this view and through a new one", "[bitlocker]") {
  for (const FveOptions& options : all_options(false)) {
    Fixture fixture(options);
    write_at_random(fixture, 60);
    const ByteVector head(5000, 0xA7);  // across the start of a To-Go header, or its end in the fixed layout
    fixture.view->write(0, head);
    std::copy(head.begin(), head.end(), fixture.fve.plaintext.begin());
    CHECK(fixture.read_all() == fixture.fve.plaintext);
    CHECK(fixture.open(fixture.memory)->read_bytes(0, FveVolume::kBytes) == fixture.fve.plaintext);
    // And it is what the whole volume would be, enciphered anew: the metadata is untouched, byte for byte.
    for (const uint64_t offset : fixture.fve.offsets())
      CHECK(equal(Bytes(fixture.memory->bytes).subspan(offset, fixture.fve.region_bytes()),
                  Bytes(fixture.fve.image).subspan(offset, fixture.fve.region_bytes())));
  }
}

TEST_CASE("V-3: a write changes the sectors it touches on the device, and no other byte", "[bitlocker]") {
  for (const uint32_t sector : {512u, 4096u}) {
    FveOptions options;
    options.sector_bytes = sector;
    Fixture fixture(options);
    const uint64_t header = fixture.fve.moved_header().length, storage = fixture.fve.moved_header().offset;
    // offset and length in the view, place of its first byte on the device
    const std::vector<std::array<uint64_t, 3>> writes = {
        {0x100000, 1, 0x100000},      {0x100000 + sector - 1, 2, 0x100000 + sector - 1},
        {0x110000, sector, 0x110000}, {0x120001, 3 * sector, 0x120001},
        {3, 5, storage + 3},          {header - 1, 1, storage + header - 1}};
    for (const auto& [offset, length, place] : writes) {
      const ByteVector before = fixture.memory->bytes;
      fixture.view->write(offset, ByteVector(length, 0x3C));
      const uint64_t first = align_down(place, sector), end = align_up(place + length, sector);
      CHECK(fixture.memory->bytes != before);
      CHECK(equal(Bytes(fixture.memory->bytes).first(first), Bytes(before).first(first)));
      CHECK(equal(Bytes(fixture.memory->bytes).subspan(end), Bytes(before).subspan(end)));
    }
    // Across the end of the header: the storage and the sector behind the header change.
    const ByteVector before = fixture.memory->bytes;
    fixture.view->write(header - 1, ByteVector(2, 0x4D));
    std::set<uint64_t> changed;
    for (uint64_t i = 0; i < before.size(); ++i)
      if (before[i] != fixture.memory->bytes[i]) changed.insert(align_down(i, sector));
    CHECK(changed == std::set<uint64_t>{header, storage + header - sector});
  }
}

TEST_CASE("V-3: writing back what is there changes nothing on the device", "[bitlocker]") {
  for (const FveOptions& options : all_options(false)) {
    Fixture fixture(options);
    uint64_t at = 0;
    for (const Region& region : {Region{0x40000, 77777}, Region{1, 4095}, Region{0x3F0001, 0xFFFF}}) {
      at = region.offset;
      fixture.view->write(at, fixture.view->read_bytes(at, region.length));
    }
    CHECK(fixture.memory->bytes == fixture.fve.image);
  }
}

TEST_CASE("V-1: a write that touches metadata is refused before anything is written", "[bitlocker]") {
  Fixture fixture;
  const FveVolume& fve = fixture.fve;
  for (const uint64_t start :
       {fve.offsets()[0], fve.offsets()[1], fve.offsets()[2], fve.moved_header().offset}) {
    const uint64_t end =
        start + (start == fve.moved_header().offset ? fve.moved_header().length : fve.region_bytes());
    for (const auto& [offset, length] :
         std::initializer_list<std::pair<uint64_t, uint64_t>>{{start, 1},
                                                              {end - 1, 1},
                                                              {start - 1, 2},
                                                              {end - 1, 2},
                                                              {start - 0x10000, 0x40000},
                                                              {start, end - start}}) {
      try {
        fixture.view->write(offset, ByteVector(length, 1));
        FAIL("written");
      } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::kRefused);
        CHECK(std::string(error.id()) == "bitlocker.write.metadata");
      }
      CHECK(fixture.memory->bytes == fve.image);
    }
    fixture.view->write(start, {});  // nothing asks for nothing
    fixture.view->write(end, ByteVector(1, fve.plaintext[end]));
  }
  CHECK(fixture.memory->bytes == fve.image);
}

TEST_CASE("V-5: a volume of Windows Vista is not written", "[bitlocker]") {
  FveOptions options;
  options.layout = Layout::kVista;
  Fixture fixture(options);
  try {
    fixture.view->write(0x40000, ByteVector(512));
    FAIL("written");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kRefused);
    CHECK(std::string(error.id()) == "bitlocker.write.vista");
  }
  CHECK(fixture.memory->bytes == fixture.fve.image);
}

TEST_CASE("V-2: version 1 shows the boot sector as NTFS knew it, and its copy at the end", "[bitlocker]") {
  FveOptions options;
  options.layout = Layout::kVista;
  Fixture fixture(options);
  for (const uint64_t at : {uint64_t{0}, FveVolume::kBytes - 512}) {
    const ByteVector sector = fixture.view->read_bytes(at, 512);
    CHECK(as_text(Bytes(sector).subspan(3, 8)) == "NTFS    ");
    CHECK(read_le<uint64_t>(sector, 0x38) == 0x123);
    CHECK(fixture.view->read_bytes(at + 0x38, 2) == ByteVector{0x23, 0x01});
  }
}

TEST_CASE("Out of range is refused, never clipped", "[bitlocker]") {
  FveOptions options;
  options.tail_bytes = 100000;
  Fixture fixture(options);
  CHECK(fixture.view->size_bytes() == FveVolume::kBytes);
  ByteVector buffer(2);
  CHECK_THROWS_AS(fixture.view->read(FveVolume::kBytes - 1, buffer), Error);
  CHECK_THROWS_AS(fixture.view->write(FveVolume::kBytes - 1, buffer), Error);
  CHECK_THROWS_AS(fixture.view->read(UINT64_MAX, buffer), Error);
  CHECK_THROWS_AS(fixture.view->read(UINT64_MAX, {}), Error);
  fixture.view->read(FveVolume::kBytes, {});
  fixture.view->forget_cached(UINT64_MAX, 5);
  CHECK(fixture.memory->bytes == fixture.fve.image);
}

TEST_CASE("V-4: a long read is passed on in pieces of 1 MiB, and straight into the caller's memory",
          "[bitlocker]") {
  Fixture fixture;
  test::RecordingDevice recording(*fixture.memory);
  const auto view = fixture.open(std::shared_ptr<block::BlockDevice>(&recording, [](auto*) {}));
  recording.events.clear();
  (void)view->read_bytes(0x2000, 0x180000 - 0x2000);
  REQUIRE(recording.events.size() == 2);
  CHECK(recording.events[0].length == 0x100000);
  CHECK(recording.events[1].length == 0x180000 - 0x2000 - 0x100000);
}

TEST_CASE("Flush and forgetting go to the device", "[bitlocker]") {
  struct Forgetful : test::RecordingDevice {
    using RecordingDevice::RecordingDevice;
    void forget_cached(uint64_t offset, uint64_t length) override { forgotten.emplace_back(offset, length); }
    std::vector<std::pair<uint64_t, uint64_t>> forgotten;
  };
  Fixture fixture;
  Forgetful device(*fixture.memory);
  const auto view = fixture.open(std::shared_ptr<block::BlockDevice>(&device, [](auto*) {}));
  device.events.clear();
  view->flush();
  REQUIRE(device.events.size() == 1);
  CHECK(device.events[0].kind == test::RecordingDevice::Kind::kFlush);
  view->forget_cached(0x1000, 0x2000);
  const uint64_t storage = fixture.fve.moved_header().offset;
  CHECK(device.forgotten ==
        std::vector<std::pair<uint64_t, uint64_t>>{{storage + 0x1000, 0x1000}, {0x2000, 0x1000}});
}

TEST_CASE("An error of the device comes through, and later reads are right", "[bitlocker]") {
  Fixture fixture;
  test::FailingDevice failing(*fixture.memory);
  const auto view = fixture.open(std::shared_ptr<block::BlockDevice>(&failing, [](auto*) {}));
  failing.fail_read = failing.reads;
  failing.for_good = false;
  CHECK_THROWS_AS(view->read_bytes(0x40001, 10), Error);
  CHECK(equal(view->read_bytes(0x40001, 10), Bytes(fixture.fve.plaintext).subspan(0x40001, 10)));
  failing.fail_write = failing.writes;
  CHECK_THROWS_AS(view->write(0x40001, ByteVector(10)), Error);
  CHECK(fixture.memory->bytes == fixture.fve.image);
}

TEST_CASE("Keys that were unlocked with other metadata make no view", "[bitlocker]") {
  Fixture fixture, other({.method = Method::kAesCbc128});
  const auto unlocked = unlock(Metadata::read(*other.memory), other.fve.startup_credentials());
  CHECK_THROWS_AS(UnlockedVolume(fixture.memory, Metadata::read(*fixture.memory), unlocked->keys), Error);
  CHECK_THROWS_AS(UnlockedVolume(fixture.memory, Metadata::read(*fixture.memory), nullptr), Error);
  const auto smaller = std::make_shared<MemoryDevice>(FveVolume::kBytes - 512);
  CHECK_THROWS_AS(UnlockedVolume(smaller, *unlocked->metadata, unlocked->keys), Error);
}

}  // namespace
}  // namespace mend::bitlocker
