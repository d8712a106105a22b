// SPDX-License-Identifier: GPL-3.0-or-later
// The order of keys from node to node of one index, while its blocks come in any order: of a leaf the first
// and the last key are kept, of a node with children all. Used by the full check alone.
//
// Invariants
//   NC-6  Walking what was kept ends: a block is passed once, and no deeper than Index::kMaximumDepth.
#pragma once

#include <functional>
#include <string>

#include "ntfs/index.h"

namespace mend::ntfs {

class IndexTree {
 public:
  static constexpr uint64_t kRoot = UINT64_MAX;  // stands for the VCN of the root
  // Negative, 0, positive.
  using Compare = std::function<int(Bytes a, Bytes b)>;

  // `node`: proved by NodeView before; what cannot be parsed any more is left out. Of a directory the name is
  // the key, else the key as it is.
  void add(uint64_t vcn, Bytes node, bool directory);
  // Calls `use(previous, key)` for each key that is not behind the one before it.
  void check_order(const Compare& compare, const std::function<void(Bytes previous, Bytes key)>& use) const;
  size_t bytes() const { return kept_.capacity(); }

 private:
  struct Item {
    bool has_child = false;
    uint64_t child_vcn = 0;
    Bytes key;
  };
  // One after the other: VCN (8), bytes of the items (4), then items: 1 has a child (its VCN follows), length
  // of the key (2), key.
  static constexpr size_t kNodeHeaderBytes = 12;
  void put(const Item& item);
  static Item take(Bytes items, size_t& at);

  ByteVector kept_;
};

}  // namespace mend::ntfs
