// SPDX-License-Identifier: GPL-3.0-or-later
// Nodes of an index as the log changes them: index_node, and blocks of $INDEX_ALLOCATION.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/field.h"
#include "ntfs/fixup.h"
#include "ntfs/log_operations.h"

namespace mend::ntfs {
namespace {

// Of a node: +0x00 first entry, +0x04 used, +0x08 allocated. Of an entry: +0x08 length, +0x0A key length,
// +0x0C flags.
constexpr size_t kNodeHeaderBytes = 0x10;
constexpr size_t kEntryHeaderBytes = 0x10;
constexpr uint16_t kHasChild = 1, kLast = 2;
constexpr size_t kBlockNode = 0x18;  // of a block: where its node begins

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, why);
}

uint16_t entry_flags(const IndexNode& node, size_t entry) {
  return read_le<uint16_t>(node.whole, entry + 0x0c);
}

}  // namespace

namespace index_node {

size_t used(const IndexNode& node) {
  return read_le<uint32_t>(node.whole, node.at + 0x04);
}

void set_used(const IndexNode& node, size_t bytes) {
  write_le<uint32_t>(node.whole, node.at + 0x04, static_cast<uint32_t>(bytes));
}

// Calls use(entry, length, flags) until it returns false. kCorrupt when the node is not whole.
template <typename Use>
void walk(const IndexNode& node, Use&& use) {
  const Struct<kNodeHeaderBytes> header(slice(Bytes(node.whole), node.at, node.end - node.at), 0);
  const size_t first = header.get<uint32_t, 0>(), used = header.get<uint32_t, 4>();
  if (first < kNodeHeaderBytes || first % 8 != 0 || first > used || used > node.end - node.at)
    refuse("ntfs.log.change.node", fmt::format("an index node with entries from {} to {}", first, used));
  for (size_t at = node.at + first;;) {
    if (!fits(at, kEntryHeaderBytes, node.at + used))
      refuse("ntfs.log.change.node.end", "an index node without a last entry");
    const size_t length = read_le<uint16_t>(node.whole, at + 0x08);
    const uint16_t flags = entry_flags(node, at);
    const size_t least = kEntryHeaderBytes + ((flags & kHasChild) != 0 ? 8 : 0);
    if (length < least || length % 8 != 0 || !fits(at, length, node.at + used))
      refuse("ntfs.log.change.node.entry", fmt::format("an index entry of {} bytes", length));
    if (!use(at, length, flags)) return;
    at += length;
    if ((flags & kLast) == 0) continue;
    if (at != node.at + used)
      refuse("ntfs.log.change.node.rest", "an index node with bytes behind its last entry");
    return;
  }
}

void check(const IndexNode& node) {
  walk(node, [](size_t, size_t, uint16_t) { return true; });
}

size_t entry_length(const IndexNode& node, size_t entry) {
  size_t found = 0;
  walk(node, [&](size_t at, size_t length, uint16_t) {
    if (at == entry) found = length;
    return at < entry;
  });
  if (found == 0) refuse("ntfs.log.change.entry", fmt::format("no index entry begins at {:#x}", entry));
  return found;
}

void check_same(const IndexNode& node, size_t entry, Bytes other) {
  const size_t length = entry_length(node, entry);
  if ((entry_flags(node, entry) & kLast) != 0)
    refuse("ntfs.log.change.last", "the last entry of an index node cannot be deleted");
  if (other.size() < kEntryHeaderBytes) return;
  if (read_le<uint16_t>(other, 0x08) != length ||
      read_le<uint64_t>(other, 0) != read_le<uint64_t>(node.whole, entry))
    refuse("ntfs.log.change.other",
           fmt::format("the index entry at {:#x} is not the one that the log holds", entry));
}

size_t payload_length(Bytes data) {
  if (data.size() < kEntryHeaderBytes)
    refuse("ntfs.log.change.payload", "the log holds no whole index entry");
  const size_t length = read_le<uint16_t>(data, 0x08);
  if (length < kEntryHeaderBytes || length % 8 != 0 || length > data.size() ||
      (read_le<uint16_t>(data, 0x0c) & kLast) != 0)
    refuse("ntfs.log.change.payload.length",
           fmt::format("the log holds an index entry of {} bytes in {}", length, data.size()));
  return length;
}

void set_child(const IndexNode& node, size_t entry, Bytes data) {
  const size_t length = entry_length(node, entry);
  if ((entry_flags(node, entry) & kHasChild) == 0 || data.size() < 8)
    refuse("ntfs.log.change.child", fmt::format("the index entry at {:#x} has no child", entry));
  write_le<uint64_t>(node.whole, entry + length - 8, read_le<uint64_t>(data, 0));
}

void update_file_name(const IndexNode& node, size_t entry, Bytes data) {
  // Of the key: times, sizes, attributes, tag, which follow the reference to the parent.
  constexpr size_t kFields = 0x18, kFieldBytes = 0x38;
  const size_t length = entry_length(node, entry);
  if (data.size() != kFieldBytes || length < kFields + kFieldBytes ||
      read_le<uint16_t>(node.whole, entry + 0x0a) < kFieldBytes + 8)
    refuse("ntfs.log.change.filename", fmt::format("the index entry at {:#x} holds no file name", entry));
  std::copy(data.begin(), data.end(), node.whole.begin() + static_cast<ptrdiff_t>(entry + kFields));
}

void update_data(const IndexNode& node, size_t entry, Bytes data) {
  const size_t length = entry_length(node, entry);
  const size_t offset = read_le<uint16_t>(node.whole, entry);
  if (offset < kEntryHeaderBytes || !fits(offset, data.size(), length))
    refuse("ntfs.log.change.data", fmt::format("the index entry at {:#x} has no such data", entry));
  std::copy(data.begin(), data.end(), node.whole.begin() + static_cast<ptrdiff_t>(entry + offset));
}

}  // namespace index_node

namespace {

void check_block(const IndexNode& node, uint64_t vcn) {
  if (read_le<uint32_t>(node.whole, 0) != kMagicIndex || read_le<uint64_t>(node.whole, 0x10) != vcn)
    refuse("ntfs.log.change.block", fmt::format("it is not the index block of VCN {}", vcn));
  if (read_le<uint32_t>(node.whole, node.at + 0x08) > node.end - node.at)
    refuse("ntfs.log.change.block.size", "an index block that says it is larger than it is");
  index_node::check(node);
}

// Where the entries of a block may end.
size_t room_end(const IndexNode& node) {
  return node.at + std::min<size_t>(read_le<uint32_t>(node.whole, node.at + 0x08), node.end - node.at);
}

void insert_entry(const IndexNode& node, size_t entry, Bytes data) {
  const size_t length = index_node::payload_length(data);
  const size_t used_end = node.at + index_node::used(node);
  (void)index_node::entry_length(node, entry);
  if (!fits(used_end, length, room_end(node)))
    refuse("ntfs.log.change.full",
           fmt::format("an index entry of {} bytes has no room in its block", length));
  const auto begin = node.whole.begin();
  std::copy_backward(begin + static_cast<ptrdiff_t>(entry), begin + static_cast<ptrdiff_t>(used_end),
                     begin + static_cast<ptrdiff_t>(used_end + length));
  std::copy_n(data.begin(), length, begin + static_cast<ptrdiff_t>(entry));
  index_node::set_used(node, used_end + length - node.at);
}

void delete_entry(const IndexNode& node, size_t entry, Bytes other) {
  index_node::check_same(node, entry, other);
  const size_t length = index_node::entry_length(node, entry);
  const size_t used_end = node.at + index_node::used(node);
  const auto begin = node.whole.begin();
  std::copy(begin + static_cast<ptrdiff_t>(entry + length), begin + static_cast<ptrdiff_t>(used_end),
            begin + static_cast<ptrdiff_t>(entry));
  index_node::set_used(node, used_end - length - node.at);
}

void replace_end(const IndexNode& node, size_t entry, Bytes data) {
  (void)index_node::entry_length(node, entry);
  if (!fits(entry, data.size(), room_end(node)))
    refuse("ntfs.log.change.tail",
           fmt::format("{} bytes of index entries have no room in their block", data.size()));
  std::copy(data.begin(), data.end(), node.whole.begin() + static_cast<ptrdiff_t>(entry));
  index_node::set_used(node, entry + data.size() - node.at);
}

void overwrite(MutableBytes block, size_t at, Bytes data) {
  if (!fits(at, data.size(), block.size()))
    refuse("ntfs.log.change.block.range", fmt::format("{} bytes at {} of an index block", data.size(), at));
  std::copy(data.begin(), data.end(), block.begin() + static_cast<ptrdiff_t>(at));
}

}  // namespace

bool is_block_image(const LogChange& change) {
  return change.code == LogCode::kUpdateNonresidentValue &&
         change.record_offset + change.attribute_offset == 0 &&
         change.data.size() >= kBlockNode + kNodeHeaderBytes &&
         read_le<uint32_t>(change.data, 0) == kMagicIndex;
}

void change_index_block(MutableBytes block, uint64_t vcn, const LogChange& change) {
  const IndexNode node{block, kBlockNode, block.size()};
  const size_t entry = size_t{change.record_offset} + change.attribute_offset;
  if (!is_block_image(change)) check_block(node, vcn);
  switch (change.code) {
    case LogCode::kUpdateNonresidentValue:
      overwrite(block, entry, change.data);
      break;
    case LogCode::kAddIndexEntryAllocation:
      insert_entry(node, entry, change.data);
      break;
    case LogCode::kDeleteIndexEntryAllocation:
      delete_entry(node, entry, change.other);
      break;
    case LogCode::kWriteEndOfIndexBuffer:
      replace_end(node, entry, change.data);
      break;
    case LogCode::kSetIndexEntryVcnAllocation:
      index_node::set_child(node, entry, change.data);
      break;
    case LogCode::kUpdateFileNameAllocation:
      index_node::update_file_name(node, entry, change.data);
      break;
    case LogCode::kUpdateRecordDataAllocation:
      index_node::update_data(node, entry, change.data);
      break;
    default:
      refuse("ntfs.log.change.block.code", "an operation that does not change an index block");
  }
  check_block(node, vcn);
}

}  // namespace mend::ntfs
