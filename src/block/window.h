// SPDX-License-Identifier: GPL-3.0-or-later
// A part of a device, such as a partition, as a device of its own. Offsets count from the window's start;
// nothing outside it can be read or written.
#pragma once

#include "block/block_device.h"

namespace mend::block {

class Window : public BlockDevice {
 public:
  // kCorrupt when the window does not lie within `below`.
  Window(std::shared_ptr<BlockDevice> below, uint64_t offset, uint64_t size_bytes, std::string name);

  uint64_t size_bytes() const override { return size_bytes_; }
  uint32_t sector_bytes() const override { return below_->sector_bytes(); }
  uint32_t physical_block_bytes() const override { return below_->physical_block_bytes(); }
  std::string describe() const override { return name_; }
  void read(uint64_t offset, MutableBytes out) override;
  void read_uncached(uint64_t offset, MutableBytes out) override;
  void forget_cached(uint64_t offset, uint64_t length) override;
  void write(uint64_t offset, Bytes data) override;
  void flush() override { below_->flush(); }

  uint64_t offset() const { return offset_; }

 private:
  std::shared_ptr<BlockDevice> below_;
  uint64_t offset_;
  uint64_t size_bytes_;
  std::string name_;
};

}  // namespace mend::block
