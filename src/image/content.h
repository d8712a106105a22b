// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes that go into an image, and where: from memory, out of a file, or zeros. The FAT writer and the disk
// layout say by extents what an image is; what writes the image, its bmap and its hash all go by the same
// list. Nothing here is written to.
//
// Invariants
//   CT-1  An extent begins at a multiple of kBlockBytes, and no two extents of one list share a block: what
//         follows the end of an extent in its last block is zeros.
//   CT-2  Content from a file has the size it was made with; a file that became shorter gives an error.
// Values; content in memory is shared by its copies, and wiped when it was made from a Secret.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"

namespace mend::image {

inline constexpr uint64_t kBlockBytes = 4096;  // of the bmap, and of file systems that share blocks
inline constexpr uint64_t kMiB = uint64_t{1} << 20;

class Content {
 public:
  enum class Kind { kZeros, kMemory, kFile };

  Content() = default;  // nothing
  static Content zeros(uint64_t size_bytes);
  static Content memory(ByteVector bytes);
  static Content memory(std::string_view text);
  static Content secret(Secret bytes);
  static Content file(std::string path, uint64_t offset, uint64_t size_bytes);
  // A whole file whose content is in memory too: its blocks can be shared, and it is not read again.
  static Content file(std::string path, std::shared_ptr<const ByteVector> held);

  Kind kind() const { return kind_; }
  uint64_t size_bytes() const { return size_bytes_; }
  Bytes bytes() const { return bytes_; }                    // kMemory; of a kFile that is held, else empty
  const std::string& path() const { return path_; }         // kFile
  uint64_t offset_in_file() const { return file_offset_; }  // kFile

  // Calls `take` with one piece after the other. kIo.
  void for_each_piece(const std::function<void(Bytes)>& take) const;

 private:
  Kind kind_ = Kind::kZeros;
  uint64_t size_bytes_ = 0;
  std::shared_ptr<const void> owner_;
  Bytes bytes_;
  std::string path_;
  uint64_t file_offset_ = 0;
};

struct Extent {
  uint64_t offset = 0;  // in the image
  Content content;

  uint64_t end() const { return offset + content.size_bytes(); }
};
using Extents = std::vector<Extent>;

// "17.3 MiB", for messages.
std::string size_text(uint64_t bytes);

}  // namespace mend::image
