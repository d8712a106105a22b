// SPDX-License-Identifier: GPL-3.0-or-later
// The builder's directory indexes.
#include <algorithm>

#include "base/text.h"
#include "ntfs/fixup.h"
#include "ntfs/index.h"
#include "tests/support/catch.h"
#include "tests/unit/ntfs/builder.h"

namespace mend::test {

using namespace ntfs;

std::vector<VolumeBuilder::IndexKey> VolumeBuilder::index_keys(MftReference directory) {
  std::vector<IndexKey> keys;
  volume().for_each_entry(directory, [&](const EntryView& entry) {
    keys.push_back({entry.reference, ByteVector(entry.key.value.begin(), entry.key.value.end())});
    return true;
  });
  return keys;
}

void VolumeBuilder::add_to_index(MftReference directory, std::vector<IndexKey> keys) {
  std::vector<IndexKey> all = index_keys(directory);
  all.insert(all.end(), keys.begin(), keys.end());
  write_index(directory, std::move(all));
}

void VolumeBuilder::free_index(MftReference directory) {
  std::optional<Stream> allocation =
      volume().open(directory).stream(AttributeType::kIndexAllocation, u"$I30");
  if (allocation) {
    const RunList runs = allocation->runs();
    for (const Run& run : runs) mark(run.lcn, run.length, false);
  }
  for (AttributeType type :
       {AttributeType::kIndexRoot, AttributeType::kIndexAllocation, AttributeType::kBitmap})
    remove_attribute(directory.record, type, u"$I30");
}

namespace {

// A node of the tree to be: entries as bytes, each perhaps with a child.
struct Node {
  std::vector<VolumeBuilder::IndexKey> keys;
  std::vector<uint64_t> children;  // VCNs, one more than keys; empty in a leaf
};

ByteVector node_bytes(const Node& node) {
  ByteVector entries;
  for (size_t i = 0; i <= node.keys.size(); ++i) {
    const bool last = i == node.keys.size();
    const bool child = !node.children.empty();
    const size_t key_bytes = last ? 0 : node.keys[i].key.size();
    ByteVector entry(align_up(0x10 + key_bytes, 8) + (child ? 8 : 0), 0);
    if (!last) {
      write_le<uint64_t>(entry, 0, node.keys[i].file.pack());
      std::copy(node.keys[i].key.begin(), node.keys[i].key.end(), entry.begin() + 0x10);
    }
    write_le<uint16_t>(entry, 0x08, static_cast<uint16_t>(entry.size()));
    write_le<uint16_t>(entry, 0x0a, static_cast<uint16_t>(key_bytes));
    write_le<uint16_t>(entry, 0x0c, static_cast<uint16_t>((child ? 1 : 0) | (last ? 2 : 0)));
    if (child) write_le<uint64_t>(entry, entry.size() - 8, node.children[i]);
    entries.insert(entries.end(), entry.begin(), entry.end());
  }
  return entries;
}

ByteVector with_node_header(const ByteVector& entries, size_t first, size_t allocated, bool has_children) {
  ByteVector node(first, 0);
  node.insert(node.end(), entries.begin(), entries.end());
  write_le<uint32_t>(node, 0, static_cast<uint32_t>(first));
  write_le<uint32_t>(node, 4, static_cast<uint32_t>(node.size()));
  write_le<uint32_t>(node, 8, static_cast<uint32_t>(allocated));
  node[0x0c] = has_children ? 1 : 0;
  return node;
}

// A tree from sorted keys, level by level: a node is filled, the key after it goes up.
class TreeWriter {
 public:
  explicit TreeWriter(const Geometry& geometry)
      : block_bytes_(geometry.index_block_bytes),
        vcn_step_(block_bytes_ /
                  (geometry.cluster_bytes <= block_bytes_ ? geometry.cluster_bytes : kStrideBytes)),
        array_bytes_(2 * (block_bytes_ / kStrideBytes + 1)) {}

  const std::vector<ByteVector>& blocks() const { return blocks_; }

  // The value of $INDEX_ROOT; what does not fit it is in blocks().
  ByteVector write(std::vector<VolumeBuilder::IndexKey> keys) {
    Node root{std::move(keys), {}};
    while (node_bytes(root).size() > kLargestRoot) root = write_level(root);
    const ByteVector entries = node_bytes(root);
    const ByteVector node = with_node_header(entries, 0x10, 0x10 + entries.size(), !blocks_.empty());
    ByteVector value(0x10, 0);
    write_le<uint32_t>(value, 0, static_cast<uint32_t>(AttributeType::kFileName));
    write_le<uint32_t>(value, 4, 1);
    write_le<uint32_t>(value, 8, block_bytes_);
    value[0x0c] = static_cast<uint8_t>(vcn_step_);
    value.insert(value.end(), node.begin(), node.end());
    return value;
  }

 private:
  static constexpr size_t kLargestRoot = 0x100, kLargestEntry = 0x258;

  // Entries lie behind the array of check values, which lies behind the header.
  size_t first_entry() const { return align_up(0x10 + array_bytes_, 8); }

  Node write_level(const Node& level) {
    const size_t capacity =
        block_bytes_ - 0x18 - first_entry() - 2 * kLargestEntry;  // the last key finds room
    Node up, node;
    size_t size = 0;
    for (size_t i = 0; i < level.keys.size(); ++i) {
      if (!level.children.empty()) node.children.push_back(level.children[i]);
      if (size > capacity && i + 1 != level.keys.size()) {
        up.children.push_back(write_block(node));
        up.keys.push_back(level.keys[i]);
        node = Node();
        size = 0;
      } else {
        node.keys.push_back(level.keys[i]);
        size += 0x20 + level.keys[i].key.size();
      }
    }
    if (!level.children.empty()) node.children.push_back(level.children.back());
    up.children.push_back(write_block(node));
    return up;
  }

  // Returns its VCN.
  uint64_t write_block(const Node& node) {
    const uint64_t vcn = blocks_.size() * vcn_step_;
    const ByteVector content =
        with_node_header(node_bytes(node), first_entry(), block_bytes_ - 0x18, !node.children.empty());
    ByteVector block(block_bytes_, 0);
    write_le<uint32_t>(block, 0, kMagicIndex);
    write_le<uint16_t>(block, 4, 0x28);
    write_le<uint16_t>(block, 6, static_cast<uint16_t>(array_bytes_ / 2));
    write_le<uint64_t>(block, 0x10, vcn);
    std::copy(content.begin(), content.end(), block.begin() + 0x18);
    apply_fixups(block);
    blocks_.push_back(std::move(block));
    return vcn;
  }

  uint32_t block_bytes_;
  uint64_t vcn_step_;
  size_t array_bytes_;
  std::vector<ByteVector> blocks_;
};

}  // namespace

void VolumeBuilder::write_index(MftReference directory, std::vector<IndexKey> keys) {
  const Geometry geometry = volume().geometry();
  const Upcase& upcase = volume().upcase();
  std::sort(keys.begin(), keys.end(), [&](const IndexKey& a, const IndexKey& b) {
    return upcase.compare_le(FileNameView{a.key}.name_le(), FileNameView{b.key}.name_le()) < 0;
  });
  if (volume().open(directory).find(AttributeType::kIndexRoot, u"$I30") != nullptr) free_index(directory);
  TreeWriter tree(geometry);
  insert_attribute(
      directory.record,
      {.type = AttributeType::kIndexRoot, .name = u"$I30", .value = tree.write(std::move(keys))});
  const std::vector<ByteVector>& blocks = tree.blocks();
  if (blocks.empty()) return;
  ByteVector content;
  for (const ByteVector& block : blocks) content.insert(content.end(), block.begin(), block.end());
  const uint64_t clusters = (content.size() + geometry.cluster_bytes - 1) / geometry.cluster_bytes;
  const uint64_t lcn = allocate(clusters);
  write_clusters(lcn, content);
  NewAttribute allocation;
  allocation.type = AttributeType::kIndexAllocation;
  allocation.name = u"$I30";
  allocation.non_resident = true;
  allocation.runs = {{0, clusters, lcn}};
  allocation.size_bytes = allocation.initialised_bytes = content.size();
  insert_attribute(directory.record, allocation);
  ByteVector bitmap(align_up((blocks.size() + 7) / 8, 8), 0);
  for (size_t i = 0; i < blocks.size(); ++i)
    bitmap[i / 8] = static_cast<uint8_t>(bitmap[i / 8] | (1U << (i % 8)));
  insert_attribute(directory.record, {.type = AttributeType::kBitmap, .name = u"$I30", .value = bitmap});
}

}  // namespace mend::test
