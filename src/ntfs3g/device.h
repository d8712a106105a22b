// SPDX-License-Identifier: GPL-3.0-or-later
// What libntfs-3g takes for its disk: a BlockDevice behind a small write-back cache. The library asks for
// single bytes of $Bitmap and the same record many times over; the cache turns that into few, aligned reads.
//
// Invariants
//   ND-1  No exception enters the library: the first one is kept and rethrown by rethrow(). Afterwards reads
//   and
//         writes fail, so the library stops early and nothing more reaches the device below.
//   ND-2  Writes stay in the cache until write_back(), eviction or the library's sync; discard() forgets
//   them.
//   ND-3  What is written below is the sectors that were changed, not whole cache blocks: a block may reach
//   into a
//         region that must not be written (BitLocker metadata).
//   ND-4  At most kMaximumBlocks blocks are held, and those of one request.
#pragma once

#include <exception>
#include <unordered_map>
#include <vector>

#include "block/block_device.h"
#include "ntfs3g/library.h"

namespace mend::ntfs3g {

class CachedDevice {
 public:
  static constexpr uint32_t kBlockBytes = 4096;
  static constexpr size_t kMaximumBlocks = 2048;  // 8 MiB

  explicit CachedDevice(block::BlockDevice& below);

  // The table the library calls; its d_private is the CachedDevice.
  static ntfs_device_operations* operations();

  // All that is held back goes to the device below, which is flushed. Throws, and keeps what it throws.
  void write_back();
  // Forgets what is held back. What the library still writes, on its way out, is dropped.
  void discard() noexcept;
  // Throws the first error of the device below, if there was one.
  void rethrow() const;
  bool failed() const noexcept { return error_ != nullptr; }

 private:
  struct Block {
    ByteVector bytes;
    uint64_t last_used = 0;
    // What differs from the device below, in whole sectors; nothing when equal.
    uint32_t dirty_begin = 0;
    uint32_t dirty_end = 0;
    bool dirty() const { return dirty_begin != dirty_end; }
  };

  void read(uint64_t offset, MutableBytes out);
  void write(uint64_t offset, Bytes data);
  uint64_t length_of(uint64_t block_offset) const;
  // Loads the blocks of [begin, end), block offsets, that are not held: one read for each gap.
  void load(uint64_t begin, uint64_t end);
  Block& block(uint64_t block_offset);
  void write_dirty();
  void make_room();

  // The callbacks. Each catches everything.
  static int on_open(ntfs_device* device, int flags) noexcept;
  static int on_close(ntfs_device* device) noexcept;
  static s64 on_seek(ntfs_device* device, s64 offset, int whence) noexcept;
  static s64 on_read(ntfs_device* device, void* buffer, s64 count) noexcept;
  static s64 on_write(ntfs_device* device, const void* buffer, s64 count) noexcept;
  static s64 on_pread(ntfs_device* device, void* buffer, s64 count, s64 offset) noexcept;
  static s64 on_pwrite(ntfs_device* device, const void* buffer, s64 count, s64 offset) noexcept;
  static int on_sync(ntfs_device* device) noexcept;
  static int on_stat(ntfs_device* device, struct stat* buffer) noexcept;
  static int on_ioctl(ntfs_device* device, unsigned long request, void* argument) noexcept;
  // Runs `action`, which returns what the callback returns; -1 with EIO when it throws.
  template <typename Action>
  s64 guarded(Action&& action) noexcept;

  block::BlockDevice& below_;
  uint64_t size_bytes_;
  uint32_t sector_bytes_;
  std::unordered_map<uint64_t, Block> blocks_;  // by offset
  uint64_t clock_ = 0;
  s64 position_ = 0;
  bool discarding_ = false;
  std::exception_ptr error_;
};

}  // namespace mend::ntfs3g
