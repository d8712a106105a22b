// SPDX-License-Identifier: GPL-3.0-or-later
// A sparse file that an image is built in. Whole reads and writes or an error; no sync: an image that was cut
// off is made again.
#pragma once

#include <string>

#include "base/bytes.h"

namespace mend::brokenpc {

class ImageFile {
 public:
  // A new file of that size without a byte on disk. An existing one is replaced.
  static ImageFile create(const std::string& path, uint64_t size_bytes);
  static ImageFile open(const std::string& path);
  ImageFile(ImageFile&& other) noexcept;
  ImageFile& operator=(ImageFile&&) = delete;
  ~ImageFile();

  const std::string& path() const { return path_; }
  uint64_t size_bytes() const { return size_bytes_; }
  void read(uint64_t offset, MutableBytes out) const;
  void write(uint64_t offset, Bytes data);
  // The range reads as zeros from now on and takes no room.
  void discard(uint64_t offset, uint64_t length);
  // Copies what is on disk of [from_offset, +length) and leaves out blocks of zeros. REQUIRES: the target
  // range reads as zeros.
  void copy_from(const ImageFile& from, uint64_t from_offset, uint64_t to_offset, uint64_t length);

 private:
  ImageFile(std::string path, int fd, uint64_t size_bytes);

  std::string path_;
  int fd_;
  uint64_t size_bytes_;
};

// A directory of its own that is removed with all its files.
class TemporaryDirectory {
 public:
  // Beside `near`, where there is room for an image.
  explicit TemporaryDirectory(const std::string& near);
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

void write_file(const std::string& path, Bytes data);

}  // namespace mend::brokenpc
