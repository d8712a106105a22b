// SPDX-License-Identifier: GPL-3.0-or-later
// A block device or an image file of the host.
//
// Invariants
//   F-1  Opened for reading only, the file cannot be written through this object, whatever is asked of it,
//        until make_writable().
//   F-2  A block device is opened O_EXCL: the kernel refuses while it is mounted or claimed. A file is locked
//        (flock) so that two of our own programs do not work on it at once. Either is held without a gap
//        until the object goes, also across make_writable().
//   F-3  flush() is fdatasync on a file, fsync on a block device; an error there is never swallowed. The
//        kernel tells it once and may have dropped the data: who goes on writes again all that was written
//        since the last good flush, and reads it back with read_uncached().
//   F-4  The size is that of the opening. A file that became shorter gives an error, not zeros.
#pragma once

#include "block/block_device.h"

namespace mend::block {

enum class Access { kRead, kReadWrite };

class FileDevice : public BlockDevice {
 public:
  // `sector_bytes_of_file` counts for image files only, which cannot tell; a block device tells its own.
  // kNotFound, kIo, kRefused (in use), kUsage (neither file nor block device; empty file).
  static std::unique_ptr<FileDevice> open(const std::string& path, Access access,
                                          uint32_t sector_bytes_of_file = 512);
  ~FileDevice() override;
  FileDevice(const FileDevice&) = delete;
  FileDevice& operator=(const FileDevice&) = delete;

  uint64_t size_bytes() const override { return size_bytes_; }
  uint32_t sector_bytes() const override { return sector_bytes_; }
  uint32_t physical_block_bytes() const override { return physical_block_bytes_; }
  std::string describe() const override { return path_; }
  void read(uint64_t offset, MutableBytes out) override;
  // O_DIRECT where the file system has it; else the pages are dropped first, as far as the kernel does.
  void read_uncached(uint64_t offset, MutableBytes out) override;
  void forget_cached(uint64_t offset, uint64_t length) override;
  void write(uint64_t offset, Bytes data) override;
  void flush() override;

  bool is_block_device() const { return is_block_device_; }
  bool is_writable() const { return writable_; }
  // The same file, opened writable from now on; reading goes on. The commit calls it, nothing before.
  // On failure (kIo, kConflict when another file has taken the name) it stays open for reading.
  void make_writable();
  // For an image file whose sector size was found out later. A block device keeps its own.
  void set_sector_bytes(uint32_t sector_bytes);

  // Since the opening; what failed is not counted. `reads` counts requests of the caller.
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }
  uint64_t reads() const { return reads_; }
  uint64_t writes() const { return writes_; }
  uint64_t flushes() const { return flushes_; }

 private:
  FileDevice() = default;
  void measure(uint32_t sector_bytes_of_file);
  bool read_direct(uint64_t offset, MutableBytes out);

  std::string path_;
  int claim_ = -1;  // holds the lock or the exclusive claim
  int fd_ = -1;     // what is read and written; the same as claim_ until make_writable()
  bool writable_ = false;
  bool is_block_device_ = false;
  uint64_t size_bytes_ = 0;
  uint32_t sector_bytes_ = 512;
  uint32_t physical_block_bytes_ = 512;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  uint64_t reads_ = 0;
  uint64_t writes_ = 0;
  uint64_t flushes_ = 0;
};

}  // namespace mend::block
