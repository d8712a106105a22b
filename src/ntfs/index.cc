// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/index.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/field.h"
#include "ntfs/fixup.h"
#include "ntfs/volume.h"

namespace mend::ntfs {
namespace {

constexpr size_t kRootHeaderBytes = 0x10;   // before the index header in $INDEX_ROOT
constexpr size_t kBlockHeaderBytes = 0x18;  // before the index header in a block
constexpr size_t kNodeHeaderBytes = 0x10;
constexpr size_t kEntryHeaderBytes = 0x10;
constexpr uint32_t kMaximumBlockBytes = 64 << 10;

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, "index: " + why);
}

}  // namespace

NodeView::NodeView(Bytes node, bool view_index) : view_index_(view_index) {
  const Struct<kNodeHeaderBytes> header(node, 0);
  const uint32_t first = header.get<uint32_t, 0>();
  const uint32_t used = header.get<uint32_t, 4>();
  const uint32_t allocated = header.get<uint32_t, 8>();
  if (first < kNodeHeaderBytes || first % 8 != 0 || used % 8 != 0 || first > used || used > allocated ||
      allocated > node.size())
    refuse("ntfs.index.node", fmt::format("a node with entries from {} to {} of {} in {} bytes", first, used,
                                          allocated, node.size()));
  entries_ = node.subspan(first, used - first);
  has_children_ = (header.get<uint32_t, 0x0c>() & 1) != 0;
}

bool NodeView::next(IndexEntry& entry) {
  if (ended_) return false;
  if (!fits(at_, kEntryHeaderBytes, entries_.size())) refuse("ntfs.index.end", "a node has no end entry");
  const Struct<kEntryHeaderBytes> header(entries_, at_);
  const size_t length = header.get<uint16_t, 0x08>();
  const size_t key_length = header.get<uint16_t, 0x0a>();
  entry.flags = header.get<uint16_t, 0x0c>();
  const size_t tail = entry.has_child() ? sizeof(uint64_t) : 0;
  if (length % 8 != 0 || length < kEntryHeaderBytes + tail || !fits(at_, length, entries_.size()))
    refuse("ntfs.index.entry", fmt::format("an entry of {} bytes does not fit its node", length));
  entry.whole = entries_.subspan(at_, length);
  entry.key = entry.data = Bytes();
  entry.reference = header.get<uint64_t, 0>();
  if (tail != 0) entry.child_vcn = Struct<8>(entry.whole, length - tail).get<uint64_t, 0>();
  at_ += length;
  if (entry.is_last()) {
    ended_ = true;
    return true;
  }
  if (!fits(kEntryHeaderBytes, key_length, length - tail))
    refuse("ntfs.index.key",
           fmt::format("a key of {} bytes does not fit its entry of {}", key_length, length));
  entry.key = entry.whole.subspan(kEntryHeaderBytes, key_length);
  if (view_index_) {
    const size_t data_offset = header.get<uint16_t, 0>();
    const size_t data_length = header.get<uint16_t, 2>();
    if (data_length != 0) {
      if (!fits(data_offset, data_length, length - tail))
        refuse("ntfs.index.data",
               fmt::format("data of {} bytes do not fit their entry of {}", data_length, length));
      entry.data = entry.whole.subspan(data_offset, data_length);
    }
  }
  return true;
}

Bytes open_index_block(MutableBytes block, uint64_t expected_vcn) {
  // +0x00 "INDX", +0x04 update sequence, +0x08 LSN, +0x10 own VCN, +0x18 index header
  if (block.size() < kBlockHeaderBytes + kNodeHeaderBytes) refuse("ntfs.index.short", "a block is cut short");
  const Struct<kBlockHeaderBytes> header(block, 0);
  if (header.get<uint32_t, 0>() != kMagicIndex)
    refuse("ntfs.index.magic", fmt::format("the block at VCN {} does not begin with INDX", expected_vcn));
  if (header.get<uint64_t, 0x10>() != expected_vcn)
    refuse("ntfs.index.vcn",
           fmt::format("the block at VCN {} says it is {}", expected_vcn, header.get<uint64_t, 0x10>()));
  switch (remove_fixups(block)) {
    case Protection::kIntact:
      break;
    case Protection::kTorn:
      refuse("ntfs.index.torn", fmt::format("the block at VCN {} was written in part only", expected_vcn));
    case Protection::kBadArray:
      refuse("ntfs.index.protection",
             fmt::format("the update sequence array of VCN {} makes no sense", expected_vcn));
  }
  return Bytes(block).subspan(kBlockHeaderBytes);
}

IndexRootView IndexRootView::parse(const Attribute& root, uint32_t cluster_bytes) {
  // +0x00 type of the indexed attribute (0: a view index), +0x04 collation, +0x08 bytes of a block, +0x0C
  // clusters
  if (!root.resident) refuse("ntfs.index.root", "the root is not resident");
  const Struct<kRootHeaderBytes> header(root.value, 0);
  IndexRootView view;
  view.view_index = header.get<uint32_t, 0>() != static_cast<uint32_t>(AttributeType::kFileName);
  view.collation = static_cast<Collation>(header.get<uint32_t, 4>());
  view.block_bytes = header.get<uint32_t, 8>();
  if (!is_power_of_two(view.block_bytes) || view.block_bytes < kStrideBytes ||
      view.block_bytes > kMaximumBlockBytes)
    refuse("ntfs.index.size", fmt::format("blocks of {} bytes", view.block_bytes));
  view.vcn_bytes = cluster_bytes <= view.block_bytes ? cluster_bytes : kStrideBytes;
  view.node = root.value.subspan(kRootHeaderBytes);
  return view;
}

Index::Index(Volume& volume, File file, std::u16string_view name) : file_(std::move(file)), name_(name) {
  const Attribute* root = file_.find(AttributeType::kIndexRoot, name);
  if (root == nullptr)
    throw Error(ErrorCode::kCorrupt, "ntfs.index.none",
                fmt::format("file {} has no such index", file_.reference().record));
  root_ = IndexRootView::parse(*root, volume.geometry().cluster_bytes);
  allocation_ = file_.stream(AttributeType::kIndexAllocation, name);
  if (allocation_) block_count_ = allocation_->size_bytes() / root_.block_bytes;
}

bool Index::block_in_use(uint64_t number) {
  if (!bitmap_) bitmap_ = file_.stream(AttributeType::kBitmap, name_);
  if (!bitmap_ || number / 8 >= bitmap_->size_bytes()) return false;
  return ((bitmap_->read_bytes(number / 8, 1)[0] >> (number % 8)) & 1) != 0;
}

Bytes Index::load_block(uint64_t vcn, ByteVector& into) {
  if (!allocation_ || vcn > INT64_MAX / root_.vcn_bytes || vcn * root_.vcn_bytes % root_.block_bytes != 0 ||
      vcn * root_.vcn_bytes / root_.block_bytes >= block_count_)
    refuse("ntfs.index.child", fmt::format("a child at VCN {} of {} blocks", vcn, block_count_));
  const uint64_t offset = vcn * root_.vcn_bytes;
  into.resize(root_.block_bytes);
  const auto size = static_cast<size_t>(block_count_ * root_.block_bytes);
  if (!all_blocks_ && ++single_reads_ > kSingleReads && size <= kLargestWholeBytes) {
    auto all = std::make_unique_for_overwrite<uint8_t[]>(size);
    allocation_->read(0, {all.get(), size});
    all_blocks_ = std::move(all);
  }
  if (all_blocks_)
    std::copy_n(all_blocks_.get() + offset, into.size(), into.begin());
  else
    allocation_->read(offset, into);
  return open_index_block(into, vcn);
}

// A stack of nodes, one for each level. While the left edge is followed, entries before the start are passed
// over, and with them all children but the one that ends at the first entry that is not.
void Index::walk(const Compare& compare, const Use& use) {
  struct Frame {
    ByteVector block;
    NodeView node;
    bool left_edge;
    bool child_done = false;
    IndexEntry entry;
  };
  std::vector<Frame> stack;
  stack.reserve(kMaximumDepth + 1);  // frames hold views into their own blocks' heap memory
  stack.push_back({{}, NodeView(root_.node, root_.view_index), static_cast<bool>(compare)});
  std::vector<ByteVector> spare;  // blocks of levels that were left, to be used again
  uint64_t visited = 0;
  while (!stack.empty()) {
    Frame& top = stack.back();
    if (!top.child_done) {
      if (!top.node.next(top.entry)) {
        spare.push_back(std::move(top.block));
        stack.pop_back();
        continue;
      }
      if (top.left_edge && !top.entry.is_last() && compare(top.entry.key) < 0) continue;
      if (top.entry.has_child()) {
        if (stack.size() > kMaximumDepth) refuse("ntfs.index.depth", "it is deeper than any tree of NTFS");
        if (++visited > block_count_) refuse("ntfs.index.loop", "its blocks lead in a circle");
        ByteVector block;
        if (!spare.empty()) block = std::move(spare.back()), spare.pop_back();
        const Bytes node = load_block(top.entry.child_vcn, block);
        top.child_done = true;
        const bool left_edge = top.left_edge;
        top.left_edge = false;
        stack.push_back({std::move(block), NodeView(node, root_.view_index), left_edge});
        continue;
      }
    }
    top.child_done = false;
    top.left_edge = false;
    if (!top.entry.is_last() && !use(top.entry)) return;
  }
}

std::vector<Index::NodeLocation> Index::path_to(const Compare& compare) {
  std::vector<NodeLocation> path;
  path.push_back({true, 0, {}});
  ByteVector block;
  NodeView node(root_.node, root_.view_index);
  for (IndexEntry entry; node.next(entry);) {
    const int order = entry.is_last() ? 1 : compare(entry.key);
    if (order < 0) continue;
    if (order == 0 || !entry.has_child()) break;
    if (path.size() > kMaximumDepth) refuse("ntfs.index.depth", "it is deeper than any tree of NTFS");
    const uint64_t vcn = entry.child_vcn;
    node = NodeView(load_block(vcn, block), root_.view_index);
    path.push_back({false, vcn, allocation_->ranges(vcn * root_.vcn_bytes, root_.block_bytes)});
  }
  return path;
}

int collate_key(Collation rule, Bytes a, Bytes b) {
  const auto dword = [](Bytes bytes, size_t at) { return read_le<uint32_t>(bytes, at); };
  const auto order = [](auto left, auto right) { return left < right ? -1 : (left > right ? 1 : 0); };
  switch (rule) {
    case Collation::kUlong:
    case Collation::kUlongs: {
      const size_t common = std::min(a.size(), b.size());
      for (size_t at = 0; at + 4 <= common; at += 4)
        if (const int by = order(dword(a, at), dword(b, at)); by != 0) return by;
      return order(a.size(), b.size());
    }
    case Collation::kSecurityHash: {  // hash, then security id
      if (const int by = order(dword(a, 0), dword(b, 0)); by != 0) return by;
      return order(dword(a, 4), dword(b, 4));
    }
    case Collation::kBinary:
    case Collation::kSid: {
      const size_t common = std::min(a.size(), b.size());
      const int by = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
      return by != 0 ? by : order(a.size(), b.size());
    }
    default:
      throw Error(ErrorCode::kUnsupported, "ntfs.index.collation",
                  fmt::format("an index sorted by rule 0x{:x}", static_cast<uint32_t>(rule)));
  }
}

std::optional<ByteVector> find_view_entry(Volume& volume, MftReference file, std::u16string_view index_name,
                                          Bytes key) {
  Index index(volume, volume.open(file), index_name);
  std::optional<ByteVector> found;
  index.walk([&](Bytes other) { return collate_key(index.collation(), other, key); },
             [&](const IndexEntry& entry) {
               if (equal(entry.key, key)) found = ByteVector(entry.data.begin(), entry.data.end());
               return false;
             });
  return found;
}

}  // namespace mend::ntfs
