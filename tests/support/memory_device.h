// SPDX-License-Identifier: GPL-3.0-or-later
// A device in memory. The base of the fakes: the others wrap it or any other device.
#pragma once

#include <algorithm>

#include "block/block_device.h"

namespace mend::test {

class MemoryDevice : public block::BlockDevice {
 public:
  explicit MemoryDevice(size_t size, uint32_t sector_bytes = 512)
      : bytes(size), sector_bytes_(sector_bytes) {}
  explicit MemoryDevice(ByteVector content, uint32_t sector_bytes = 512)
      : bytes(std::move(content)), sector_bytes_(sector_bytes) {}

  uint64_t size_bytes() const override { return bytes.size(); }
  uint32_t sector_bytes() const override { return sector_bytes_; }
  uint32_t physical_block_bytes() const override { return sector_bytes_; }
  std::string describe() const override { return "memory"; }
  void read(uint64_t offset, MutableBytes out) override {
    check_range(offset, out.size(), "read");
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
  }
  void write(uint64_t offset, Bytes data) override {
    check_range(offset, data.size(), "write");
    std::copy(data.begin(), data.end(), bytes.begin() + static_cast<ptrdiff_t>(offset));
  }
  void flush() override {}

  ByteVector bytes;

 private:
  uint32_t sector_bytes_;
};

}  // namespace mend::test
