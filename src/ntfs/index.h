// SPDX-License-Identifier: GPL-3.0-or-later
// One index of one file: $I30 of a directory, or a view index ($SII, $SDH, $O, $R, $Q). A B-tree whose root
// lies in the record and whose blocks lie in $INDEX_ALLOCATION.
//
// Invariants
//   NI-1  A walk visits each block at most once and goes at most kMaximumDepth deep; a loop is kCorrupt.
//   NI-2  An entry that is delivered lies inside its node, and so do its key, its data and its child's VCN.
//   NI-3  No allocation per entry.
#pragma once

#include <functional>
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

 private:
  Bytes entries_;
  size_t at_ = 0;
  bool view_index_;
  bool ended_ = false;
};

// An index block as read: fixups removed, magic and VCN proved. Returns the node inside it. kCorrupt.
Bytes open_index_block(MutableBytes block, uint64_t expected_vcn);

class Index {
 public:
  static constexpr size_t kMaximumDepth = 32;

  // kCorrupt "ntfs.index.none" when the file has no such index.
  Index(Volume& volume, File file, std::u16string_view name);

  Collation collation() const { return collation_; }
  uint32_t block_bytes() const { return block_bytes_; }
  uint64_t block_count() const { return block_count_; }
  // Bytes of attribute for one unit of VCN: a cluster, or 512 where a cluster is larger than a block.
  uint32_t vcn_bytes() const { return vcn_bytes_; }
  const File& file() const { return file_; }
  // Nullopt: all of the index is in its root.
  std::optional<Stream>& allocation() { return allocation_; }
  // $BITMAP of the index: is block `number` (not VCN) in use?
  bool block_in_use(uint64_t number);

  // Entries in order, from the first whose `before(key)` is false. `use` returns false to stop.
  using Before = std::function<bool(Bytes key)>;
  using Use = std::function<bool(const IndexEntry&)>;
  void walk(const Before& before, const Use& use);
  // Where an entry lies: the node's bytes on the volume (root: its record), for every node on the way to
  // `key`.
  struct NodeLocation {
    bool is_root;
    uint64_t vcn;  // of a block
    std::vector<Range> ranges;
  };
  std::vector<NodeLocation> path_to(const Before& before);

 private:
  struct Frame {
    ByteVector block;
    NodeView node;
    IndexEntry entry;
    bool child_done;
  };
  Bytes load_block(uint64_t vcn, ByteVector& into);
  void note_visit(uint64_t vcn, std::vector<bool>& visited) const;

  Volume* volume_;
  File file_;
  std::u16string name_;
  std::optional<Stream> allocation_;
  std::optional<Stream> bitmap_;
  Bytes root_;  // node of the root
  Collation collation_;
  uint32_t block_bytes_;
  uint32_t vcn_bytes_;
  uint64_t block_count_ = 0;
  bool view_index_;
  size_t single_reads_ = 0;
  ByteVector all_blocks_;  // the whole allocation, once a walk has shown to be long
};

// By the collation rule of a view index: negative, 0, positive. kUnsupported for a rule that is not known.
int collate_key(Collation rule, Bytes a, Bytes b);
// Data of the entry with that key of a view index, such as $Reparse:$R; nullopt: none.
std::optional<ByteVector> find_view_entry(Volume& volume, MftReference file, std::u16string_view index,
                                          Bytes key);

}  // namespace mend::ntfs
