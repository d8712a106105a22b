// SPDX-License-Identifier: GPL-3.0-or-later
// A disk's first and last 32 KiB, read once. Tables, and the signatures that arrays leave, stand there, so
// that looking for all of them costs two reads. Everything else is passed on.
//
// Borrows the reader below (REQUIRES: outlives this). It holds raw disk bytes, never plaintext of an
// encrypted volume.
#pragma once

#include "block/block_device.h"

namespace mend::disk {

class EdgeReader : public block::BlockReader {
 public:
  // 4096-byte sectors need 24 KiB at the start and 20 KiB at the end for a GPT.
  static constexpr uint64_t kEdgeBytes = 32 * 1024;

  explicit EdgeReader(block::BlockReader& below);

  uint64_t size_bytes() const override { return below_.size_bytes(); }
  uint32_t sector_bytes() const override { return below_.sector_bytes(); }
  uint32_t physical_block_bytes() const override { return below_.physical_block_bytes(); }
  std::string describe() const override { return below_.describe(); }
  void read(uint64_t offset, MutableBytes out) override;

  Bytes head() const { return head_; }
  Bytes tail() const { return tail_; }
  uint64_t tail_offset() const { return tail_offset_; }
  // True when all of [offset, offset + length) lies on the disk.
  bool holds(uint64_t offset, uint64_t length) const { return fits(offset, length, size_bytes()); }

 private:
  block::BlockReader& below_;
  ByteVector head_;
  ByteVector tail_;
  uint64_t tail_offset_ = 0;
};

}  // namespace mend::disk
