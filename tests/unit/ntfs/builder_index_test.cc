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

}  // namespace

// A tree from sorted keys, level by level: a node is filled, the key after it goes up.
void VolumeBuilder::write_index(MftReference directory, std::vector<IndexKey> keys) {
  const Geometry geometry = volume().geometry();
  const Upcase& upcase = volume().upcase();
  std::sort(keys.begin(), keys.end(), [&](const IndexKey& a, const IndexKey& b) {
    return upcase.compare_le(FileNameView{a.key}.name_le(), FileNameView{b.key}.name_le()) < 0;
  });
  if (volume().open(directory).find(AttributeType::kIndexRoot, u"$I30") != nullptr) free_index(directory);
  const uint32_t block_bytes = geometry.index_block_bytes;
  const uint64_t vcn_step = geometry.cluster_bytes <= block_bytes ? block_bytes / geometry.cluster_bytes
                                                                  : block_bytes / kStrideBytes;
  const size_t array_bytes = 2 * (block_bytes / kStrideBytes + 1);
  const size_t first = align_up(0x10 + array_bytes, 8);  // the array lies between header and entries
  constexpr size_t kLargestEntry = 0x258;
  const size_t capacity =
      block_bytes - 0x18 - first - 2 * kLargestEntry;  // so the last key always finds room
  std::vector<ByteVector> blocks;
  std::vector<uint64_t> children;
  Node root{std::move(keys), {}};
  while (node_bytes(root).size() > 0x100) {
    Node up, node;
    size_t node_size = 0;
    const auto flush = [&] {
      const ByteVector header =
          with_node_header(node_bytes(node), first, block_bytes - 0x18, !node.children.empty());
      ByteVector block(block_bytes, 0);
      write_le<uint32_t>(block, 0, kMagicIndex);
      write_le<uint16_t>(block, 4, 0x28);
      write_le<uint16_t>(block, 6, static_cast<uint16_t>(array_bytes / 2));
      write_le<uint64_t>(block, 0x10, blocks.size() * vcn_step);
      std::copy(header.begin(), header.end(), block.begin() + 0x18);
      apply_fixups(block);
      up.children.push_back(blocks.size() * vcn_step);
      blocks.push_back(std::move(block));
      node = Node();
      node_size = 0;
    };
    for (size_t i = 0; i < root.keys.size(); ++i) {
      if (!root.children.empty()) node.children.push_back(root.children[i]);
      if (node_size > capacity && i + 1 != root.keys.size()) {
        flush();
        up.keys.push_back(root.keys[i]);
      } else {
        node.keys.push_back(root.keys[i]);
        node_size += 0x20 + root.keys[i].key.size();
      }
    }
    if (!root.children.empty()) node.children.push_back(root.children.back());
    flush();
    root = std::move(up);
  }
  const ByteVector entries = node_bytes(root);
  const ByteVector node = with_node_header(entries, 0x10, 0x10 + entries.size(), !blocks.empty());
  ByteVector value(0x10, 0);
  write_le<uint32_t>(value, 0, static_cast<uint32_t>(AttributeType::kFileName));
  write_le<uint32_t>(value, 4, 1);
  write_le<uint32_t>(value, 8, block_bytes);
  value[0x0c] = static_cast<uint8_t>(vcn_step);
  value.insert(value.end(), node.begin(), node.end());
  insert_attribute(directory.record, {.type = AttributeType::kIndexRoot, .name = u"$I30", .value = value});
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
