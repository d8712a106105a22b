// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "ntfs/checker.h"

namespace mend::ntfs {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;
// Between two pieces so much is read and thrown away, rather than sending the disk's head for the second.
constexpr uint64_t kReadThroughBytes = 256 << 10;

uint8_t log2_of(uint32_t power_of_two) {
  return static_cast<uint8_t>(std::countr_zero(power_of_two));
}

bool bit_is_set(Bytes bitmap, uint64_t bit) {
  return bit / 8 < bitmap.size() && ((bitmap[static_cast<size_t>(bit / 8)] >> (bit % 8)) & 1) != 0;
}

}  // namespace

uint8_t Checker::index_tag(Bytes name_le) {
  return static_cast<uint8_t>(hash_bytes(name_le, 0));
}

Checker::IndexOf Checker::index_of(uint64_t owner, Bytes name_le, const IndexRootView& root) const {
  IndexOf index{owner, index_tag(name_le), !root.view_index, View::kOther, root.collation};
  const uint64_t record = MftReference::unpack(owner).record;
  if (object_id_file_ == record) index.view = View::kObjectIds;
  if (reparse_file_ == record) index.view = View::kReparsePoints;
  return index;
}

void Checker::check_root(uint64_t owner, const Attribute& attribute) {
  const IndexRootView root = IndexRootView::parse(attribute, volume_.geometry().cluster_bytes);
  const IndexOf index = index_of(owner, attribute.name_le, root);
  const uint64_t record = MftReference::unpack(owner).record;
  if (attribute.is_named(u"$I30") && (!index.directory || root.collation != Collation::kFileName))
    find(FindingKind::kBadIndex, record, fmt::format("folder {}: its index is not one of names", record));
  if (attribute.is_named(u"$I30") && root.block_bytes != volume_.geometry().index_block_bytes)
    find(FindingKind::kBadIndex, record,
         fmt::format("folder {}: its index has blocks of {} bytes on a volume with blocks of {}", record,
                     root.block_bytes, volume_.geometry().index_block_bytes));
  check_node(index, root.node);
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
  plan_blocks(index_of(record.reference().pack(), allocation.name_le, view), view, runs,
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
  plan_blocks(index_of(file.reference().pack(), root.name_le, view), view, allocation->runs(),
              std::min(allocation->size_bytes(), allocation->initialised_bytes()),
              bitmap->read_bytes(0, (blocks + 7) / 8));
}

void Checker::plan_blocks(const IndexOf& index, const IndexRootView& root, const RunList& runs,
                          uint64_t size_bytes, Bytes bitmap) {
  const uint64_t cluster_bytes = volume_.geometry().cluster_bytes;
  const uint64_t owner = MftReference::unpack(index.owner).record;
  PlannedIndex planned;
  planned.index = index;
  planned.block_shift = log2_of(root.block_bytes);
  planned.vcn_shift = log2_of(root.vcn_bytes);
  planned.tree = std::make_unique<IndexTree>();
  indexes_.push_back(std::move(planned));
  PlannedIndex& known = indexes_.back();
  keep_node(known, IndexTree::kRoot, root.node);
  Piece block;
  block.index = static_cast<uint32_t>(indexes_.size() - 1);
  block.blocks = 1;
  const uint64_t count = std::min<uint64_t>(size_bytes >> known.block_shift, bitmap.size() * 8);
  for (uint64_t number = count; number < bitmap.size() * 8; ++number) {
    if (!bit_is_set(bitmap, number)) continue;
    find(FindingKind::kBadIndex, owner,
         fmt::format("file {}: the bitmap of its index has block {} in use, and there are {}", owner, number,
                     count));
    break;
  }
  size_t run = 0;
  for (uint64_t number = 0; number < count; ++number) {
    if (!bit_is_set(bitmap, number)) continue;
    const uint64_t start = number << known.block_shift;
    while (run < runs.size() && runs[run].end_vcn() * cluster_bytes <= start) ++run;
    block.first_vcn = start >> known.vcn_shift;
    if (run == runs.size() || runs[run].is_hole()) {
      find(FindingKind::kBadIndex, owner,
           fmt::format("file {}: no cluster for the index block at VCN {}", owner, block.first_vcn));
      continue;
    }
    ++known.blocks_left;
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
    const PlannedIndex& index = indexes_[block.index];
    const uint64_t bytes = uint64_t{last.blocks} << index.block_shift;
    if (last.index == block.index && last.offset + bytes == block.offset &&
        last.first_vcn + (bytes >> index.vcn_shift) == block.first_vcn && bytes < kPieceBytes) {
      ++last.blocks;
      return;
    }
  }
  pieces_.push_back(block);
}

void Checker::read_blocks() {
  std::sort(pieces_.begin(), pieces_.end(),
            [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  const auto bytes_of = [&](const Piece& piece) {
    return uint64_t{piece.blocks} << indexes_[piece.index].block_shift;
  };
  const auto end_of = [&](const Piece& piece) { return piece.offset + bytes_of(piece); };
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
      check_blocks(pieces_[i], slice(MutableBytes(buffer), pieces_[i].offset - start, bytes_of(pieces_[i])));
    tell(0.7 + 0.25 * static_cast<double>(first) / static_cast<double>(pieces_.size()));
  }
  for (const Piece& block : odd_blocks_) check_odd_block(block);
}

}  // namespace mend::ntfs
