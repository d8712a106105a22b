// SPDX-License-Identifier: GPL-3.0-or-later
// Every device of src/block alone, and every stack of two layers over each base.
#include <fstream>
#include <vector>

#include "base/error.h"
#include "block/file_device.h"
#include "block/overlay.h"
#include "block/window.h"
#include "tests/contract/suite.h"
#include "tests/support/catch.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"
#include "tests/support/temp_folder.h"

namespace mend::test {

namespace {

constexpr size_t kBytes = 192 * 1024;
constexpr uint64_t kWindowOffset = 20480 + 512;  // not aligned to the overlay's blocks
constexpr uint64_t kWindowBytes = 96 * 1024;

struct Named {
  std::string name;
  std::function<Subject()> make;
};
struct Layer {
  std::string name;
  std::function<Subject(Subject below)> put_on;
};

ByteVector content() {
  ByteVector bytes(kBytes);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / 512);
  return bytes;
}

Subject memory(uint32_t sector_bytes) {
  struct Base {
    explicit Base(uint32_t sector) : memory(content(), sector), recorder(memory) {}
    MemoryDevice memory;
    RecordingDevice recorder;
  };
  auto base = std::make_shared<Base>(sector_bytes);
  Subject subject{std::shared_ptr<block::BlockDevice>(base, &base->recorder), 0, kBytes};
  subject.base_flushes = [base] {
    uint64_t flushes = 0;
    for (const auto& event : base->recorder.events) flushes += event.kind == RecordingDevice::Kind::kFlush;
    return flushes;
  };
  return subject;
}

Subject file(uint32_t sector_bytes) {
  struct Base {
    TempFolder folder;
    std::shared_ptr<block::FileDevice> device;
  };
  auto base = std::make_shared<Base>();
  const std::string path = base->folder / "disk.img";
  const ByteVector bytes = content();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  base->device = block::FileDevice::open(path, block::Access::kReadWrite, sector_bytes);
  Subject subject{std::shared_ptr<block::BlockDevice>(base, base->device.get()), 0, kBytes};
  subject.base_flushes = [base] { return base->device->flushes(); };
  return subject;
}

Subject forwarding(Subject below) {
  struct Both {
    std::shared_ptr<block::BlockDevice> below;
    ForwardingDevice device;
  };
  auto both = std::shared_ptr<Both>(new Both{below.device, ForwardingDevice(*below.device)});
  below.device = std::shared_ptr<block::BlockDevice>(both, &both->device);
  return below;
}

// The part of the device outside the window stays as it is.
Subject window(Subject below) {
  const uint64_t size = std::min(kWindowBytes, below.device->size_bytes() - kWindowOffset);
  const ByteVector before = below.device->read_bytes(0, below.device->size_bytes());
  auto device = std::make_shared<block::Window>(below.device, kWindowOffset, size, "a partition");
  Subject subject{device, 0, size, below.base_flushes};
  subject.check_outside = [below, before, size] {
    ByteVector after = below.device->read_bytes(0, before.size());
    const auto first = static_cast<ptrdiff_t>(kWindowOffset);
    std::copy_n(before.begin() + first, size, after.begin() + first);
    CHECK(after == before);
    below.check_outside();
  };
  return subject;
}

// O-1: the device below stays as it is, and sees no flush.
Subject overlay(Subject below) {
  const ByteVector before = below.device->read_bytes(0, below.device->size_bytes());
  auto device = std::make_shared<block::Overlay>(below.device);
  Subject subject{device, below.writable_from, below.writable_to};
  subject.check_outside = [below, before] {
    CHECK(below.device->read_bytes(0, before.size()) == before);
    below.check_outside();
  };
  return subject;
}

const std::vector<Named> kBases = {
    {"memory, sectors of 512", [] { return memory(512); }},
    {"memory, sectors of 4096", [] { return memory(4096); }},
    {"a file, sectors of 512", [] { return file(512); }},
    {"a file, sectors of 4096", [] { return file(4096); }},
};
const std::vector<Layer> kLayers = {{"forwarding", forwarding}, {"window", window}, {"overlay", overlay}};

}  // namespace

TEST_CASE("D-1 to D-5 hold for each device and for each stack of two layers over it", "[contract]") {
  for (const Named& base : kBases) {
    INFO(base.name);
    check_contract(base.make);
    for (const Layer& lower : kLayers) {
      INFO("under " << lower.name);
      check_contract([&] { return lower.put_on(base.make()); });
      for (const Layer& upper : kLayers) {
        INFO("under " << upper.name);
        check_contract([&] { return upper.put_on(lower.put_on(base.make())); });
      }
    }
  }
}

TEST_CASE("F-1: a file opened for reading takes no write, in any stack", "[contract]") {
  TempFolder folder;
  const std::string path = folder / "disk.img";
  std::ofstream(path) << std::string(kBytes, 'x');
  std::shared_ptr<block::BlockDevice> device = block::FileDevice::open(path, block::Access::kRead);
  block::Window window(device, 4096, 8192, "a partition");
  const ByteVector data(16, 'y');
  CHECK_THROWS_AS(device->write(0, data), Error);
  CHECK_THROWS_AS(window.write(0, data), Error);
  CHECK(device->read_bytes(0, kBytes) == ByteVector(kBytes, 'x'));
}

}  // namespace mend::test
