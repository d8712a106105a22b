// SPDX-License-Identifier: GPL-3.0-or-later
// Devices that watch, fail or crash, each over another device that it borrows (REQUIRES: outlives it).
#pragma once

#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "block/block_device.h"

namespace mend::test {

// Forwards everything; a fake overrides what it changes.
class ForwardingDevice : public block::BlockDevice {
 public:
  explicit ForwardingDevice(block::BlockDevice& below) : below_(below) {}
  uint64_t size_bytes() const override { return below_.size_bytes(); }
  uint32_t sector_bytes() const override { return below_.sector_bytes(); }
  uint32_t physical_block_bytes() const override { return below_.physical_block_bytes(); }
  std::string describe() const override { return below_.describe(); }
  void read(uint64_t offset, MutableBytes out) override { below_.read(offset, out); }
  void write(uint64_t offset, Bytes data) override { below_.write(offset, data); }
  void flush() override { below_.flush(); }

 protected:
  block::BlockDevice& below_;
};

// Aborts the test on a write or a flush.
class NoWriteDevice : public ForwardingDevice {
 public:
  using ForwardingDevice::ForwardingDevice;
  void write(uint64_t, Bytes) override {
    throw std::logic_error("a write reached a device that must not be written");
  }
};

// The order of all reads, writes and flushes.
class RecordingDevice : public ForwardingDevice {
 public:
  using ForwardingDevice::ForwardingDevice;
  enum class Kind { kRead, kWrite, kFlush };
  struct Event {
    Kind kind;
    uint64_t offset;
    uint64_t length;
  };
  void read(uint64_t offset, MutableBytes out) override {
    events.push_back({Kind::kRead, offset, out.size()});
    below_.read(offset, out);
  }
  void write(uint64_t offset, Bytes data) override {
    events.push_back({Kind::kWrite, offset, data.size()});
    below_.write(offset, data);
  }
  void flush() override {
    events.push_back({Kind::kFlush, 0, 0});
    below_.flush();
  }
  std::vector<Event> events;
};

// Fails the Nth read, write or flush (counted from 0) and, when `for_good`, all that follow of that kind.
class FailingDevice : public ForwardingDevice {
 public:
  using ForwardingDevice::ForwardingDevice;
  static constexpr uint64_t kNever = UINT64_MAX;
  uint64_t fail_read = kNever, fail_write = kNever, fail_flush = kNever;
  bool for_good = true;
  uint64_t reads = 0, writes = 0, flushes = 0;

  void read(uint64_t offset, MutableBytes out) override {
    fail(reads++, fail_read, "test.fail.read");
    below_.read(offset, out);
  }
  void write(uint64_t offset, Bytes data) override {
    fail(writes++, fail_write, "test.fail.write");
    below_.write(offset, data);
  }
  void flush() override {
    fail(flushes++, fail_flush, "test.fail.flush");
    below_.flush();
  }

 private:
  void fail(uint64_t count, uint64_t at, const char* id) const {
    if (count == at || (for_good && count > at))
      throw Error(ErrorCode::kIo, id, "the device failed, as the test asked");
  }
};

}  // namespace mend::test
