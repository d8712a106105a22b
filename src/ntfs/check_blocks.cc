// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/checker.h"

namespace mend::ntfs {
namespace {

constexpr uint16_t kReparseKeyBytes = 12;
constexpr size_t kObjectIdBytes = 16;

}  // namespace

void Checker::check_blocks(const Piece& piece, MutableBytes blocks) {
  PlannedIndex& index = indexes_[piece.index];
  const size_t block_bytes = size_t{1} << index.block_shift;
  for (uint32_t i = 0; i < piece.blocks; ++i)
    check_block(index, piece.first_vcn + ((uint64_t{i} << index.block_shift) >> index.vcn_shift),
                blocks.subspan(i * block_bytes, block_bytes));
}

void Checker::check_odd_block(const Piece& block) {
  PlannedIndex& index = indexes_[block.index];
  const File file = volume_.open(MftReference::unpack(index.index.owner));
  for (const Attribute& attribute : file.attributes()) {
    if (attribute.type != AttributeType::kIndexAllocation || attribute.resident ||
        attribute.lowest_vcn != 0 || index_tag(attribute.name_le) != index.index.tag)
      continue;
    Stream allocation = file.stream_of(attribute);
    ByteVector bytes =
        allocation.read_bytes(block.first_vcn << index.vcn_shift, uint64_t{1} << index.block_shift);
    ++report_.reads;
    report_.bytes_read += bytes.size();
    check_block(index, block.first_vcn, bytes);
    return;
  }
}

void Checker::check_block(PlannedIndex& index, uint64_t vcn, MutableBytes block) {
  const uint64_t record = MftReference::unpack(index.index.owner).record;
  weigh(blocks_, true, hash_pair(index.index.owner + index.index.tag, vcn), FindingKind::kBadIndex, record,
        vcn);
  try {
    const Bytes node = open_index_block(block, vcn);
    check_node(index.index, node);
    keep_node(index, vcn, node);
  } catch (const Error& error) {
    find(FindingKind::kBadIndex, record, fmt::format("file {}: {}", record, error.what()));
  }
  if (round_ == Round::kCounting && --index.blocks_left == 0) finish_tree(index);
}

void Checker::check_node(const IndexOf& index, Bytes node) {
  const uint64_t owner = MftReference::unpack(index.owner).record;
  Bytes previous;
  bool any_child = false, any_without = false;
  NodeView view(node, !index.directory);
  for (IndexEntry entry; view.next(entry);) {
    (entry.has_child() ? any_child : any_without) = true;
    if (entry.has_child())
      weigh(blocks_, false, hash_pair(index.owner + index.tag, entry.child_vcn), FindingKind::kBadIndex,
            owner, entry.child_vcn);
    if (entry.is_last()) continue;
    check_entry(index, entry);
    if (round_ == Round::kNaming) continue;
    const Bytes key = index.directory ? FileNameView::parse(entry.key).name_le() : entry.key;
    if (!previous.empty()) check_key_order(index, previous, key);
    previous = key;
  }
  if ((any_child && any_without) || any_child != view.has_children())
    find(FindingKind::kBadIndex, owner,
         fmt::format("file {}: an index node {} that it has children, and its entries do not bear it out",
                     owner, view.has_children() ? "says" : "does not say"));
}

void Checker::check_entry(const IndexOf& index, const IndexEntry& entry) {
  const MftReference owner = MftReference::unpack(index.owner);
  if (index.view == View::kObjectIds && entry.key.size() == kObjectIdBytes) {
    // +0x00 of the data: the packed reference
    const uint64_t file = read_le<uint64_t>(entry.data, 0);
    weigh(object_ids_, false, hash_bytes(entry.key, file), FindingKind::kObjectId,
          MftReference::unpack(file).record, owner.record);
  } else if (index.view == View::kReparsePoints && entry.key.size() == kReparseKeyBytes) {
    const uint64_t file = read_le<uint64_t>(entry.key, 4);
    weigh(reparse_points_, false, hash_pair(read_le<uint32_t>(entry.key, 0), file),
          FindingKind::kReparsePoint, MftReference::unpack(file).record, owner.record);
  }
  if (!index.directory) return;
  const FileNameView name = FileNameView::parse(entry.key);
  const uint64_t seed = hash_pair(entry.reference, index.owner) + name_tag(name);
  weigh(names_, false, hash_bytes(name.name_le(), seed), FindingKind::kEntryWithoutName,
        MftReference::unpack(entry.reference).record, owner.record, name.name_le());
  if (round_ == Round::kNaming) return;
  ++report_.entries;
  if (name.parent() != owner)
    find(FindingKind::kBadIndex, owner.record,
         fmt::format("folder {}: the entry \"{}\" says it is in folder {}", owner.record,
                     printable(to_utf8(name.name())), name.parent().record));
}

// Keys that no rule is known for are in order.
int Checker::compare_keys(const IndexOf& index, Bytes a, Bytes b) const {
  switch (index.collation) {
    case Collation::kFileName:
      return upcase_.compare_le(a, b);
    case Collation::kUlong:
    case Collation::kSecurityHash:
    case Collation::kUlongs:
      return collate_key(index.collation, a, b);
    default:
      return -1;
  }
}

void Checker::check_key_order(const IndexOf& index, Bytes previous, Bytes key) {
  const int order = compare_keys(index, previous, key);
  if (order < 0 || (order == 0 && !equal(previous, key))) return;
  const uint64_t owner = MftReference::unpack(index.owner).record;
  if (index.directory)
    find(FindingKind::kBadIndex, owner,
         fmt::format("folder {}: the entry \"{}\" is not in order", owner,
                     printable(to_utf8(Attribute::utf16(key)))));
  else
    find(FindingKind::kBadIndex, owner,
         fmt::format("file {}: the entry {} of its index is not in order", owner, to_hex(key)));
}

void Checker::keep_node(PlannedIndex& index, uint64_t vcn, Bytes node) {
  if (!index.tree || round_ == Round::kNaming) return;
  tree_bytes_ -= index.tree->bytes();
  index.tree->add(vcn, node, index.index.directory);
  tree_bytes_ += index.tree->bytes();
  if (tree_bytes_ <= limits_.key_bytes) return;
  tree_bytes_ -= index.tree->bytes();
  index.tree.reset();
  index.too_large = true;
}

void Checker::finish_tree(PlannedIndex& index) {
  if (!index.tree) return;
  const auto compare = [&](Bytes a, Bytes b) { return compare_keys(index.index, a, b); };
  guarded(FindingKind::kBadIndex, MftReference::unpack(index.index.owner).record, [&] {
    index.tree->check_order(compare,
                            [&](Bytes previous, Bytes key) { check_key_order(index.index, previous, key); });
  });
  tree_bytes_ -= index.tree->bytes();
  index.tree.reset();
}

// One after the other, each from its first entry to its last.
void Checker::walk_large_indexes() {
  for (const PlannedIndex& index : indexes_) {
    if (!index.too_large) continue;
    const MftReference owner = MftReference::unpack(index.index.owner);
    guarded(FindingKind::kBadIndex, owner.record, [&] {
      const File file = volume_.open(owner);
      for (const Attribute& attribute : file.attributes()) {
        if (attribute.type != AttributeType::kIndexRoot || index_tag(attribute.name_le) != index.index.tag)
          continue;
        ByteVector previous;
        Index(volume_, file, attribute.name()).walk(nullptr, [&](const IndexEntry& entry) {
          const Bytes key = index.index.directory ? FileNameView::parse(entry.key).name_le() : entry.key;
          if (!previous.empty()) check_key_order(index.index, previous, key);
          previous.assign(key.begin(), key.end());
          return true;
        });
      }
    });
  }
}

}  // namespace mend::ntfs
