// SPDX-License-Identifier: GPL-3.0-or-later
// The two rights on a row of bytes: to read it (BlockReader) and to write it (BlockDevice). Probing and
// parsing get a BlockReader, so they cannot write. Files, windows, the overlay and the unlocked BitLocker
// view all fit these holes, and one contract suite (tests/contract) runs against each of them.
//
// Invariants
//   D-1  A read delivers all bytes or throws; no short reads. What it delivers is what was written last,
//        flushed or not.
//   D-2  Out of range is refused (kIo "block.range"), never clipped. Length zero within the range does
//        nothing.
//   D-3  Any offset and length is taken: a layer that works in sectors reads, modifies and writes.
//   D-4  After flush() returns, every write that came before it survives a loss of power. When it throws,
//        what was written since the last good flush may be lost, in any part.
//   D-5  A layer never writes what it was not asked to write, but the rest of a sector, with what stood
//        there.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace mend::block {

class BlockReader {
 public:
  virtual ~BlockReader() = default;

  virtual uint64_t size_bytes() const = 0;
  // Logical sector: 512 or 4096 as a rule.
  virtual uint32_t sector_bytes() const = 0;
  // What the device writes as one piece; at least sector_bytes().
  virtual uint32_t physical_block_bytes() const = 0;
  // For messages: "/dev/sda", "partition 3 of /dev/sda".
  virtual std::string describe() const = 0;
  virtual void read(uint64_t offset, MutableBytes out) = 0;
  // As read(), but asks the medium itself where there is a cache of this system above it: what the read-back
  // after a commit is worth. Slower. The same as read() in a layer that has no medium below.
  virtual void read_uncached(uint64_t offset, MutableBytes out) { read(offset, out); }
  // The next read of the range asks the device itself, not a cache above it. A hint; does nothing in memory.
  virtual void forget_cached(uint64_t offset, uint64_t length) { (void)offset, (void)length; }

  ByteVector read_bytes(uint64_t offset, uint64_t length);

 protected:
  // D-2.
  void check_range(uint64_t offset, uint64_t length, const char* verb) const;
};

class BlockDevice : public BlockReader {
 public:
  virtual void write(uint64_t offset, Bytes data) = 0;
  virtual void flush() = 0;
};

}  // namespace mend::block
