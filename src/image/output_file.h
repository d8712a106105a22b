// SPDX-License-Identifier: GPL-3.0-or-later
// A file that is being made: under a temporary name in the folder of its final one, which it gets when it is
// whole and on the disk. Used for images and what lies beside them.
//
// Invariants
//   OF-1  The final name never names half-written output: it appears by one rename, after fsync. What was
//         there before under that name stays until then, whatever happens.
//   OF-2  When the object goes without commit(), the temporary file goes too.
// Owns the file descriptor. Used from one thread.
#pragma once

#include <cstdint>
#include <string>

#include "image/content.h"

namespace mend::image {

class OutputFile {
 public:
  // kUsage "image.output.folder" when the folder is not there, kRefused "image.output.space" when its file
  // system has less than `bytes_to_write` left, with both sizes; kIo.
  OutputFile(std::string path, uint64_t bytes_to_write);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  const std::string& path() const { return path_; }  // the final one
  int descriptor() const { return fd_; }

  void set_size(uint64_t size_bytes);
  // Shares the blocks of a file where the file system can (FICLONERANGE), else has the kernel copy, else
  // reads and writes. Zeros are left as a hole. kIo; no space left is kRefused "image.output.full".
  void write(uint64_t offset, const Content& content);
  // Bytes that share their blocks with the file they come from.
  uint64_t shared_bytes() const { return shared_bytes_; }

  // fsync; the name is the temporary one still.
  void sync();
  // Gives it the final name; then fsync of the folder. Calls sync() when that was not done.
  void commit();

 private:
  void write_bytes(uint64_t offset, Bytes bytes);
  void write_from(int source, uint64_t offset, const Content& content);
  uint64_t share(int source, uint64_t source_offset, uint64_t offset, uint64_t length);
  uint64_t copy_in_kernel(int source, uint64_t source_offset, uint64_t offset, uint64_t length);
  [[noreturn]] void fail(const char* id, const char* what, int cause) const;

  std::string path_, temporary_;
  int fd_ = -1;
  bool synced_ = false;
  uint64_t shared_bytes_ = 0;
};

// A small file, the same way.
OutputFile write_text(const std::string& path, std::string_view text);

}  // namespace mend::image
