// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "base/text.h"
#include "ntfs/checker.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;
// Between two pieces so much is read and thrown away, rather than sending the disk's head for the second.
constexpr uint64_t kReadThroughBytes = 256 << 10;

uint8_t log2_of(uint32_t power_of_two) {
  return static_cast<uint8_t>(std::countr_zero(power_of_two));
}

uint8_t tag_of(Bytes index_name) {
  return static_cast<uint8_t>(hash_bytes(index_name, 0));
}

bool bit_is_set(Bytes bitmap, uint64_t bit) {
  return bit / 8 < bitmap.size() && ((bitmap[static_cast<size_t>(bit / 8)] >> (bit % 8)) & 1) != 0;
}

}  // namespace

void Checker::check_root(uint64_t owner, const Attribute& attribute) {
  const IndexRootView root = IndexRootView::parse(attribute, volume_.geometry().cluster_bytes);
  check_node({owner, tag_of(attribute.name_le), !root.view_index}, root.node);
}

// An index that lies in one base record as a whole; what does not is opened later.
void Checker::plan_index(const RecordView& record, const Attribute& allocation) {
  Attribute root, bitmap;
  record.for_each_attribute([&](const Attribute& other) {
    if (!equal(other.name_le, allocation.name_le)) return;
    if (other.type == AttributeType::kIndexRoot) root = other;
    if (other.type == AttributeType::kBitmap) bitmap = other;
  });
  if (root.type == AttributeType::kEnd || bitmap.type == AttributeType::kEnd) {
    find(FindingKind::kBadIndex, record.number(),
         fmt::format("file {} has index blocks without a root or a bitmap", record.number()));
    return;
  }
  if (!bitmap.resident) {
    deferred_.push_back(record.number());
    return;
  }
  const IndexRootView view = IndexRootView::parse(root, volume_.geometry().cluster_bytes);
  RunList runs;
  RunDecoder decoder(allocation.mapping_pairs, allocation.lowest_vcn, allocation.highest_vcn,
                     volume_.geometry().cluster_count);
  for (Run run; decoder.next(run);) runs.push_back(run);
  plan_blocks({record.reference().pack(), tag_of(allocation.name_le), !view.view_index}, view, runs,
              std::min(allocation.data_bytes, allocation.initialised_bytes), bitmap.value);
}

void Checker::plan_index_of(const File& file, const Attribute& root) {
  const std::u16string name = root.name();
  std::optional<Stream> allocation = file.stream(AttributeType::kIndexAllocation, name);
  if (!allocation) return;
  std::optional<Stream> bitmap = file.stream(AttributeType::kBitmap, name);
  const IndexRootView view = IndexRootView::parse(root, volume_.geometry().cluster_bytes);
  if (allocated_clusters(allocation->runs()) != total_clusters(allocation->runs()))
    throw Error(ErrorCode::kCorrupt, "ntfs.check.index.hole",
                fmt::format("file {}: its index has holes", file.reference().record));
  const uint64_t blocks = allocation->size_bytes() / view.block_bytes;
  if (!bitmap || bitmap->size_bytes() < (blocks + 7) / 8)
    throw Error(
        ErrorCode::kCorrupt, "ntfs.check.index.bitmap",
        fmt::format("file {}: the bitmap of its index is missing or too short", file.reference().record));
  plan_blocks({file.reference().pack(), tag_of(root.name_le), !view.view_index}, view, allocation->runs(),
              std::min(allocation->size_bytes(), allocation->initialised_bytes()),
              bitmap->read_bytes(0, (blocks + 7) / 8));
}

void Checker::plan_blocks(const IndexOf& index, const IndexRootView& root, const RunList& runs,
                          uint64_t size_bytes, Bytes bitmap) {
  const uint64_t cluster_bytes = volume_.geometry().cluster_bytes;
  Piece block;
  block.owner = index.owner;
  block.tag = index.tag;
  block.directory = index.directory;
  block.blocks = 1;
  block.block_shift = log2_of(root.block_bytes);
  block.vcn_shift = log2_of(root.vcn_bytes);
  const uint64_t count = std::min<uint64_t>(size_bytes >> block.block_shift, bitmap.size() * 8);
  size_t run = 0;
  for (uint64_t number = 0; number < count; ++number) {
    if (!bit_is_set(bitmap, number)) continue;
    const uint64_t start = number << block.block_shift;
    while (run < runs.size() && runs[run].end_vcn() * cluster_bytes <= start) ++run;
    block.first_vcn = start >> block.vcn_shift;
    if (run == runs.size() || runs[run].is_hole()) {
      find(FindingKind::kBadIndex, MftReference::unpack(index.owner).record,
           fmt::format("file {}: no cluster for the index block at VCN {}",
                       MftReference::unpack(index.owner).record, block.first_vcn));
      continue;
    }
    block.offset = runs[run].lcn * cluster_bytes + (start - runs[run].vcn * cluster_bytes);
    if (start + root.block_bytes > runs[run].end_vcn() * cluster_bytes)
      odd_blocks_.push_back(block);
    else
      plan_block(block);
  }
}

// Joins the block to the piece before it where both lie in one row.
void Checker::plan_block(const Piece& block) {
  if (!pieces_.empty()) {
    Piece& last = pieces_.back();
    const uint64_t bytes = uint64_t{last.blocks} << last.block_shift;
    if (last.owner == block.owner && last.tag == block.tag && last.offset + bytes == block.offset &&
        last.first_vcn + (bytes >> last.vcn_shift) == block.first_vcn && bytes < kPieceBytes) {
      ++last.blocks;
      return;
    }
  }
  pieces_.push_back(block);
}

void Checker::read_blocks() {
  std::sort(pieces_.begin(), pieces_.end(),
            [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  const auto end_of = [](const Piece& piece) {
    return piece.offset + (uint64_t{piece.blocks} << piece.block_shift);
  };
  ByteVector buffer;
  for (size_t first = 0, next; first < pieces_.size(); first = next) {
    const uint64_t start = pieces_[first].offset;
    uint64_t end = end_of(pieces_[first]);
    for (next = first + 1; next < pieces_.size() && end - start < kPieceBytes; ++next) {
      if (pieces_[next].offset > end + kReadThroughBytes) break;
      end = std::max(end, end_of(pieces_[next]));
    }
    buffer.resize(static_cast<size_t>(end - start));
    volume_.reader().read(start, buffer);
    ++report_.reads;
    report_.bytes_read += buffer.size();
    for (size_t i = first; i < next; ++i)
      check_blocks(pieces_[i], slice(MutableBytes(buffer), pieces_[i].offset - start,
                                     uint64_t{pieces_[i].blocks} << pieces_[i].block_shift));
    tell(0.7 + 0.25 * static_cast<double>(first) / static_cast<double>(pieces_.size()));
  }
  for (const Piece& block : odd_blocks_) check_odd_block(block);
}

void Checker::check_blocks(const Piece& piece, MutableBytes blocks) {
  const size_t block_bytes = size_t{1} << piece.block_shift;
  const IndexOf index{piece.owner, piece.tag, piece.directory};
  for (uint32_t i = 0; i < piece.blocks; ++i)
    check_block(index, piece.first_vcn + ((uint64_t{i} << piece.block_shift) >> piece.vcn_shift),
                blocks.subspan(i * block_bytes, block_bytes));
}

void Checker::check_odd_block(const Piece& block) {
  const File file = volume_.open(MftReference::unpack(block.owner));
  for (const Attribute& attribute : file.attributes()) {
    if (attribute.type != AttributeType::kIndexAllocation || attribute.resident ||
        attribute.lowest_vcn != 0 || tag_of(attribute.name_le) != block.tag)
      continue;
    Stream allocation = file.stream_of(attribute);
    ByteVector bytes =
        allocation.read_bytes(block.first_vcn << block.vcn_shift, uint64_t{1} << block.block_shift);
    ++report_.reads;
    report_.bytes_read += bytes.size();
    check_block({block.owner, block.tag, block.directory}, block.first_vcn, bytes);
    return;
  }
}

void Checker::check_block(const IndexOf& index, uint64_t vcn, MutableBytes block) {
  const uint64_t record = MftReference::unpack(index.owner).record;
  weigh(blocks_, true, hash_pair(index.owner + index.tag, vcn), FindingKind::kBadIndex, record, vcn);
  try {
    check_node(index, open_index_block(block, vcn));
  } catch (const Error& error) {
    find(FindingKind::kBadIndex, record, fmt::format("file {}: {}", record, error.what()));
  }
}

void Checker::check_node(const IndexOf& index, Bytes node) {
  const MftReference owner = MftReference::unpack(index.owner);
  Bytes previous;
  NodeView view(node, !index.directory);
  for (IndexEntry entry; view.next(entry);) {
    if (entry.has_child())
      weigh(blocks_, false, hash_pair(index.owner + index.tag, entry.child_vcn), FindingKind::kBadIndex,
            owner.record, entry.child_vcn);
    if (entry.is_last() || !index.directory) continue;
    const FileNameView name = FileNameView::parse(entry.key);
    const Bytes name_le = name.name_le();
    const uint64_t seed = hash_pair(entry.reference, index.owner) + static_cast<uint64_t>(name.name_space());
    weigh(names_, false, hash_bytes(name_le, seed), FindingKind::kEntryWithoutName,
          MftReference::unpack(entry.reference).record, owner.record, name_le);
    if (round_ == Round::kNaming) continue;
    ++report_.entries;
    if (name.parent() != owner)
      find(FindingKind::kBadIndex, owner.record,
           fmt::format("folder {}: the entry \"{}\" says it is in folder {}", owner.record,
                       printable(to_utf8(name.name())), name.parent().record));
    if (!previous.empty()) {
      const int order = upcase_.compare_le(previous, name_le);
      if (order > 0 || (order == 0 && equal(previous, name_le)))
        find(FindingKind::kBadIndex, owner.record,
             fmt::format("folder {}: the entry \"{}\" is not in order", owner.record,
                         printable(to_utf8(name.name()))));
    }
    previous = name_le;
  }
}

}  // namespace mend::ntfs
