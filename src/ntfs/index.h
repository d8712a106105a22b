// SPDX-License-Identifier: GPL-3.0-or-later
// One index of one file: $I30 of a directory, or a view index ($SII, $SDH, $O, $R, $Q). A B-tree
// whose root lies in the record and whose blocks lie in $INDEX_ALLOCATION.
//
// Invariants
//   NI-1  A walk reads no more blocks than there are, and goes at most kMaximumDepth deep; a loop is
//         kCorrupt.
//   NI-2  An entry that is delivered lies inside its node, and so do its key, its data and its
//         child's VCN.
//   NI-3  No allocation per entry.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "ntfs/file.h"
#include "ntfs/upcase.h"

namespace mend::ntfs {

enum class Collation : uint32_t {
  kBinary = 0,
  kFileName = 1,
  kUnicode = 2,
  kUlong = 0x10,
  kSid = 0x11,
  kSecurityHash = 0x12,
  kUlongs = 0x13,
};

// +0x00 reference or data position, +0x08 length, +0x0A key length, +0x0C flags, +0x10 key
struct IndexEntry {
  static constexpr uint16_t kHasChild = 1, kLast = 2;
  Bytes whole;
  Bytes key;               // empty in the last entry of a node
  Bytes data;              // of a view index
  uint64_t reference = 0;  // packed, of a directory
  uint64_t child_vcn = 0;
  uint16_t flags = 0;

  bool has_child() const { return (flags & kHasChild) != 0; }
  bool is_last() const { return (flags & kLast) != 0; }
};

// The entries of one node. `node`: from the index header (+0x00 first entry, +0x04 used, +0x08 allocated,
// +0x0C flags) to the end of the root's value or of the block.
class NodeView {
 public:
  // kCorrupt "ntfs.index.*".
  NodeView(Bytes node, bool view_index);
  // False after the last entry, which is delivered too. kCorrupt when a node ends without one.
  bool next(IndexEntry& entry);
  // What the node's header says: each entry leads to a child.
  bool has_children() const { return has_children_; }

 private:
  Bytes entries_;
  size_t at_ = 0;
  bool view_index_;
  bool has_children_;
  bool ended_ = false;
};

// An index block as read: fixups removed, magic and VCN proved. Returns the node inside it. kCorrupt.
Bytes open_index_block(MutableBytes block, uint64_t expected_vcn);

// Head of $INDEX_ROOT.
struct IndexRootView {
  bool view_index = false;
  Collation collation = Collation::kFileName;
  uint32_t block_bytes = 0;
  uint32_t vcn_bytes =
      0;  // one unit of a block's VCN: a cluster, or 512 where a cluster is larger than a block
  Bytes node;
  // kCorrupt.
  static IndexRootView parse(const Attribute& root, uint32_t cluster_bytes);
};

class Index {
 public:
  static constexpr size_t kMaximumDepth = 32;
  // A walk that has read so many blocks one by one reads the rest at once, if all are no more than that.
  static constexpr size_t kSingleReads = 64;
  static constexpr uint64_t kLargestWholeBytes = 32 << 20;

  // kCorrupt "ntfs.index.none" when the file has no such index.
  Index(Volume& volume, File file, std::u16string_view name);

  Collation collation() const { return root_.collation; }
  uint32_t block_bytes() const { return root_.block_bytes; }
  uint32_t vcn_bytes() const { return root_.vcn_bytes; }
  uint64_t block_count() const { return block_count_; }
  const File& file() const { return file_; }
  // Nullopt: all of the index is in its root.
  std::optional<Stream>& allocation() { return allocation_; }
  // $BITMAP of the index: is block `number` (not VCN) in use?
  bool block_in_use(uint64_t number);

  // Negative, 0, positive: how the key of an entry stands to the one that is looked for.
  using Compare = std::function<int(Bytes key)>;
  using Use = std::function<bool(const IndexEntry&)>;
  // Entries in order, from the first whose `compare` is not negative; from the first of all without one.
  // `use` returns false to stop. kCorrupt.
  void walk(const Compare& compare, const Use& use);

  struct NodeLocation {
    bool is_root;
    uint64_t vcn;               // of a block
    std::vector<Range> ranges;  // of a block, on the volume; the root lies in the file's record
  };
  // Every node from the root to the one where the key is, or where it would be inserted.
  std::vector<NodeLocation> path_to(const Compare& compare);

 private:
  Bytes load_block(uint64_t vcn, ByteVector& into);

  File file_;
  std::u16string name_;
  IndexRootView root_;
  std::optional<Stream> allocation_;
  std::optional<Stream> bitmap_;
  uint64_t block_count_ = 0;
  size_t single_reads_ = 0;
  std::unique_ptr<uint8_t[]> all_blocks_;  // not zeroed first: there may be 32 MiB of them
};

// By the collation rule of a view index: negative, 0, positive. kUnsupported for a rule that is not known.
int collate_key(Collation rule, Bytes a, Bytes b);
// Data of the entry with that key of a view index, such as $Reparse:$R; nullopt: none.
std::optional<ByteVector> find_view_entry(Volume& volume, MftReference file, std::u16string_view index,
                                          Bytes key);

}  // namespace mend::ntfs
