// SPDX-License-Identifier: GPL-3.0-or-later
// A small disk, a repair of it in an overlay, and the journal of that repair on a stick in memory.
#pragma once

#include <random>

#include "base/error.h"
#include "journal/commit.h"
#include "tests/support/catch.h"
#include "tests/support/crash_device.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"

namespace mend::journal {

inline ByteVector random_bytes(size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  ByteVector bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

// The id of the Error that the call throws, or "none".
template <typename Call>
std::string id_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.id();
  }
  return "none";
}

struct Fixture {
  static constexpr size_t kBytes = 12 * 4096 + 512;
  static constexpr uint64_t kFlag = 4096 + 100, kEdit = 4 * 4096, kWitness = 8 * 4096 + 10;
  static constexpr char kName[] = "run.undo";

  Fixture() {
    request.run_id = "0011223344556677";
    request.created = from_filetime(133'000'000'000'000'000);
    request.target.disk_serial = "S4EVNX0N";
    request.target.disk_model = "Samsung SSD 970";
    request.target.disk_size_bytes = kBytes;
    request.target.disk_guid = *Guid::parse("11111111-2222-3333-4444-555555555555");
    request.target.partition_guid = *Guid::parse("4967d63b-2e29-4ad8-8399-f6a339e3d001");
    request.target.mbr_signature = 0xCAFEBABE;
    request.target.partition_offset = 4096;
    request.target.partition_size = kBytes - 4096;
    request.block_bytes = 4096;
    request.witnesses = {{kWitness, disk.read_bytes(kWitness, 600)}};

    block::Overlay overlay(std::make_shared<test::MemoryDevice>(before));
    overlay.write(kFlag, random_bytes(1, 100));
    overlay.end_stage(block::Stage::kDirtySet);
    overlay.write(kEdit + 50, random_bytes(5000, 101));
    overlay.write(12 * 4096 + 100, random_bytes(10, 102));  // the short last block
    overlay.end_stage(block::Stage::kEdits);
    overlay.write(kFlag, Bytes(&before[kFlag], 1));
    overlay.end_stage(block::Stage::kDirtyRestore);
    stages = overlay.stages();
    after = overlay.read_bytes(0, kBytes);
  }

  Journal create(const std::string& name = kName) {
    return Journal::create(stick, name, request, stages, disk);
  }
  Journal open(const std::string& name = kName) { return Journal::open(stick, name); }
  // The journal as it is after a commit that was cut right after its valid marks.
  ByteVector valid_file() const {
    test::Power other_power;
    const auto other_stick = std::make_shared<test::CrashStore>(other_power);
    test::MemoryDevice as_it_was(before);
    Journal journal = Journal::create(other_stick, kName, request, stages, as_it_was);
    journal.make_valid();
    return other_stick->durable_files().at(kName);
  }
  // The same stick with one more file.
  void put(const std::string& name, ByteVector bytes) {
    test::CrashStore::Files files = stick->durable_files();
    files[name] = std::move(bytes);
    stick = std::make_shared<test::CrashStore>(power, std::move(files));
  }

  ByteVector before = random_bytes(kBytes, 1);
  ByteVector after;
  test::MemoryDevice disk{before};
  test::Power power;
  std::shared_ptr<test::CrashStore> stick = std::make_shared<test::CrashStore>(power);
  Request request;
  std::vector<block::StageImages> stages;
};

// Takes writes, but never keeps those to one place.
class StuckDevice : public test::ForwardingDevice {
 public:
  using test::ForwardingDevice::ForwardingDevice;
  uint64_t stuck_at = 0;
  uint64_t sticks_for = UINT64_MAX;  // writes
  void write(uint64_t offset, Bytes data) override {
    if (offset == stuck_at && sticks_for != 0) {
      --sticks_for;
      return;
    }
    ForwardingDevice::write(offset, data);
  }
};

}  // namespace mend::journal
