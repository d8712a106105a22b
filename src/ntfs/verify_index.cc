// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/verify_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.h"
#include "ntfs/volume.h"

namespace mend::ntfs {
namespace {

constexpr size_t kRootHeaderBytes = 0x10;

struct Node {
  std::optional<uint64_t> block;  // nullopt: the root
  std::vector<EntryContent> entries;
  std::vector<uint64_t> children;  // block numbers
};

// One side: the index as one volume has it.
class Side {
 public:
  Side(Volume& volume, const File& file, std::u16string_view name)
      : file_(file), root_attribute_(file.find(AttributeType::kIndexRoot, name)) {
    if (root_attribute_ == nullptr) refuse("ntfs.verify.index.none", "it has no root");
    root_ = IndexRootView::parse(*root_attribute_, volume.geometry().cluster_bytes);
    allocation_ = file.stream(AttributeType::kIndexAllocation, name);
    if (std::optional<Stream> bitmap = file.stream(AttributeType::kBitmap, name))
      bitmap_ = bitmap->read_bytes(0, bitmap->size_bytes());
  }

  [[noreturn]] void refuse(const char* id, const std::string& why) const {
    throw Error(ErrorCode::kRefused, id,
                fmt::format("the index of MFT record {}: {}", file_.reference().record, why));
  }

  const IndexRootView& root() const { return root_; }
  Bytes root_header() const { return slice(root_attribute_->value, 0, kRootHeaderBytes); }
  uint64_t block_count() const { return allocation_ ? allocation_->size_bytes() / root_.block_bytes : 0; }
  const RunList* runs() const { return allocation_ ? &allocation_->runs() : nullptr; }
  size_t bitmap_bytes() const { return bitmap_.size(); }
  uint8_t bitmap_byte(size_t index) const { return index < bitmap_.size() ? bitmap_[index] : 0; }
  bool in_use(uint64_t block) const {
    return ((bitmap_byte(static_cast<size_t>(block / 8)) >> (block % 8)) & 1) != 0;
  }

  Node read_root() const { return parse(root_.node, std::nullopt); }
  Node read_block(uint64_t block) {
    if (block >= block_count())
      refuse("ntfs.verify.index.range", fmt::format("block {} is in use behind its end", block));
    ByteVector bytes = allocation_->read_bytes(block * root_.block_bytes, root_.block_bytes);
    return parse(open_index_block(bytes, block * root_.block_bytes / root_.vcn_bytes), block);
  }

 private:
  Node parse(Bytes bytes, std::optional<uint64_t> block) const {
    Node node;
    node.block = block;
    NodeView view(bytes, root_.view_index);
    for (IndexEntry entry; view.next(entry);) {
      if (entry.has_child()) node.children.push_back(entry.child_vcn * root_.vcn_bytes / root_.block_bytes);
      if ((entry.flags & ~(IndexEntry::kHasChild | IndexEntry::kLast)) != 0)
        refuse("ntfs.verify.index.flags", "an entry has flags that are not known");
      if (entry.is_last()) continue;
      node.entries.push_back(
          {entry.reference, {entry.key.begin(), entry.key.end()}, {entry.data.begin(), entry.data.end()}});
      // +0x00 of a view entry says where its data lies, which is the same for all of an index, but padding
      // follows.
      if (root_.view_index) node.entries.back().reference &= 0xffffffff;
    }
    // +0x0C of the head: the node has children (in a root: blocks).
    if (!node.children.empty() && (read_le<uint32_t>(bytes, 0x0c) & 0xff) != 1)
      refuse("ntfs.verify.index.node", "a node with children does not say so");
    return node;
  }

  const File& file_;
  const Attribute* root_attribute_;
  IndexRootView root_;
  std::optional<Stream> allocation_;
  ByteVector bitmap_;
};

template <typename T>
std::vector<T> difference(const std::vector<T>& from, const std::vector<T>& other) {
  std::vector<T> result;
  std::set_difference(from.begin(), from.end(), other.begin(), other.end(), std::back_inserter(result));
  return result;
}

// Entries, and blocks that are pointed to, of a row of nodes; sorted.
struct Sum {
  std::vector<EntryContent> entries;
  std::vector<uint64_t> children;

  void add(const Node& node) {
    entries.insert(entries.end(), node.entries.begin(), node.entries.end());
    children.insert(children.end(), node.children.begin(), node.children.end());
  }
  void sort() {
    std::sort(entries.begin(), entries.end());
    std::sort(children.begin(), children.end());
  }
};

bool begins_with(const RunList& runs, const RunList& start) {
  if (start.size() > runs.size()) return false;
  for (size_t i = 0; i < start.size(); ++i) {
    const bool last = i + 1 == start.size();
    if (runs[i].vcn != start[i].vcn || runs[i].lcn != start[i].lcn) return false;
    if (runs[i].length != start[i].length && !(last && runs[i].length > start[i].length)) return false;
  }
  return true;
}

class Comparison {
 public:
  Comparison(Volume& volume, const File& file, std::u16string_view name, Side& now)
      : volume_(volume), now_(now), index_(volume, file, name) {}

  // Sorted in itself, and at the place where a descent from the root arrives.
  void check_order(const Node& node) {
    for (size_t i = 1; i < node.entries.size(); ++i)
      if (compare(node.entries[i - 1].key, node.entries[i].key) >= 0)
        now_.refuse("ntfs.verify.index.order", "its entries are out of order");
    if (node.entries.empty()) return;
    for (const EntryContent* entry : {&node.entries.front(), &node.entries.back()}) {
      const auto path = index_.path_to([&](Bytes key) { return compare(key, entry->key); });
      const Index::NodeLocation& found = path.back();
      const bool here =
          found.is_root
              ? !node.block.has_value()
              : node.block && found.vcn * now_.root().vcn_bytes / now_.root().block_bytes == *node.block;
      if (!here) now_.refuse("ntfs.verify.index.path", "an entry cannot be found from its root");
    }
  }

 private:
  int compare(Bytes a, Bytes b) {
    if (index_.collation() != Collation::kFileName) return collate_key(index_.collation(), a, b);
    const Bytes left = FileNameView::parse(a).name_le(), right = FileNameView::parse(b).name_le();
    if (const int by = volume_.upcase().compare_le(left, right); by != 0) return by;
    // Equal but for case, so of one length: the units themselves decide.
    const auto [one, other] = std::pair(Attribute::utf16(left), Attribute::utf16(right));
    return one.compare(other);
  }

  Volume& volume_;
  Side& now_;
  Index index_;
};

}  // namespace

IndexDifference compare_index(Volume& volume_before, const std::optional<File>& before, Volume& volume_after,
                              const File& after, std::u16string_view name,
                              const std::vector<uint64_t>& changed_blocks) {
  Side now(volume_after, after, name);
  std::optional<Side> then;
  if (before) {
    then.emplace(volume_before, *before, name);
    if (!equal(then->root_header(), now.root_header()))
      now.refuse("ntfs.verify.index.header", "the head of its root changed");
    if (then->runs() != nullptr && (now.runs() == nullptr || !begins_with(*now.runs(), *then->runs())))
      now.refuse("ntfs.verify.index.moved", "its blocks were moved");
  }

  // Blocks whose bytes changed or that came into use or went out of it.
  std::set<uint64_t> blocks(changed_blocks.begin(), changed_blocks.end());
  std::vector<uint64_t> freed, taken;
  const size_t bitmap_bytes = std::max(now.bitmap_bytes(), then ? then->bitmap_bytes() : 0);
  for (size_t byte = 0; byte < bitmap_bytes; ++byte) {
    const uint8_t old_bits = then ? then->bitmap_byte(byte) : 0, new_bits = now.bitmap_byte(byte);
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((((old_bits ^ new_bits) >> bit) & 1) == 0) continue;
      blocks.insert(byte * 8 + bit);
      (((new_bits >> bit) & 1) != 0 ? taken : freed).push_back(byte * 8 + bit);
    }
  }

  Sum old_sum, new_sum;
  Comparison comparison(volume_after, after, name, now);
  if (then) old_sum.add(then->read_root());
  const Node root = now.read_root();
  new_sum.add(root);
  comparison.check_order(root);
  for (const uint64_t block : blocks) {
    if (then && then->in_use(block)) old_sum.add(then->read_block(block));
    if (!now.in_use(block)) continue;
    const Node node = now.read_block(block);
    new_sum.add(node);
    comparison.check_order(node);
  }
  old_sum.sort();
  new_sum.sort();
  std::vector<uint64_t> expected_children = difference(old_sum.children, freed);
  expected_children.insert(expected_children.end(), taken.begin(), taken.end());
  std::sort(expected_children.begin(), expected_children.end());
  if (expected_children != new_sum.children)
    now.refuse("ntfs.verify.index.tree", "its blocks do not hang together as they did");
  return {difference(old_sum.entries, new_sum.entries), difference(new_sum.entries, old_sum.entries)};
}

}  // namespace mend::ntfs
