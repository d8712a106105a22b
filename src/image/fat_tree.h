// SPDX-License-Identifier: GPL-3.0-or-later
// The folders and files of a volume that is being laid out, and the bytes of its directories. Private to the
// FAT writer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/fat32.h"
#include "image/fat_names.h"

namespace mend::image {

struct FatNode {
  std::string name;
  bool is_folder = false;
  uint64_t size_bytes = 0;       // of a file; of a folder: of its entries, with the room
  size_t file = 0;               // index into FatRequest::files
  uint64_t room_bytes = 0;       // of a folder
  size_t parent = 0;             // index into the tree
  std::vector<size_t> children;  // of a folder, by name
  ShortName short_name{};
  uint32_t first_cluster = 0;  // 0: none, an empty file
};

// The root is the first; a folder stands before what is in it. Sizes and short names are set. kUsage as
// lay_out_fat32().
std::vector<FatNode> make_fat_tree(const FatRequest& request);

// The entries of folder `index`, `size_bytes` of it long. REQUIRES: the first clusters are set.
ByteVector directory_bytes(const std::vector<FatNode>& tree, size_t index, const FatRequest& request);

}  // namespace mend::image
