// SPDX-License-Identifier: GPL-3.0-or-later
// FILE records as the log changes them.
#include "ntfs/log_operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/fixup.h"
#include "ntfs/record.h"
#include "ntfs/runs.h"

namespace mend::ntfs {
namespace {

// Of a record: +0x10 sequence, +0x12 links, +0x16 flags, +0x18 used, +0x28 next attribute id. Of an
// attribute: +0x04 length, +0x08 non-resident, +0x0E id; resident: +0x10 value length, +0x14 value offset,
// +0x16 indexed; non-resident: +0x10 lowest, +0x18 highest VCN, +0x20 mapping pairs, +0x28 allocated, +0x30
// size, +0x38 initialised, +0x40 total allocated.
constexpr size_t kLeastImageBytes = 0x38;
constexpr size_t kResidentHeaderBytes = 0x18;
constexpr size_t kNonResidentHeaderBytes = 0x40;
constexpr size_t kRootNode = 0x10;  // of the value of $INDEX_ROOT: where its node begins

[[noreturn]] void refuse(const char* id, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, why);
}

class RecordEditor {
 public:
  RecordEditor(MutableBytes record, uint64_t number, uint64_t cluster_count, const LogChange& change)
      : record_(record),
        number_(number),
        cluster_count_(cluster_count),
        change_(change),
        attribute_(change.record_offset) {}

  void run() {
    if (is_record_image(change_)) {
      write_image();
    } else {
      check();
      edit();
    }
    check();
  }

 private:
  void edit();
  void edit_root();
  void write_image();
  void restore_header();
  void deallocate();
  void write_end();
  void create_attribute();
  void delete_attribute();
  void update_value();
  void update_mapping_pairs();
  void set_sizes();
  void insert_root_entry(const IndexNode& node, size_t entry);
  void delete_root_entry(const IndexNode& node, size_t entry);
  void zero_end();

  // --- the record ---
  void check() const {
    RecordView(record_, number_).for_each_attribute([](const Attribute&) {});
  }
  Attribute attribute() const {
    Attribute found;
    RecordView(record_, number_).for_each_attribute([&](const Attribute& each) {
      if (each.offset == attribute_) found = each;
    });
    if (found.whole.empty())
      refuse("ntfs.log.change.attribute",
             fmt::format("no attribute begins at {:#x} of the record", attribute_));
    return found;
  }
  size_t used() const { return read_le<uint32_t>(record_, 0x18); }
  // Bytes are put in before `at`, or taken away there, and what follows moves. The room is zeros.
  void resize(size_t at, size_t old_bytes, size_t new_bytes) {
    const size_t end = used();
    if (!fits(at, old_bytes, end) || !fits(end - old_bytes, new_bytes, record_.size()))
      refuse("ntfs.log.change.room",
             fmt::format("{} bytes at {:#x} have no room in the record", new_bytes, at));
    const auto begin = record_.begin();
    const auto tail = begin + static_cast<ptrdiff_t>(at + old_bytes),
               stop = begin + static_cast<ptrdiff_t>(end);
    if (new_bytes > old_bytes) {
      std::copy_backward(tail, stop, stop + static_cast<ptrdiff_t>(new_bytes - old_bytes));
      std::fill(tail, tail + static_cast<ptrdiff_t>(new_bytes - old_bytes), uint8_t{0});
    } else {
      std::copy(tail, stop, begin + static_cast<ptrdiff_t>(at + new_bytes));
    }
    write_le<uint32_t>(record_, 0x18, static_cast<uint32_t>(end - old_bytes + new_bytes));
  }
  void put(size_t at, Bytes data) {
    if (!fits(at, data.size(), record_.size()))
      refuse("ntfs.log.change.range",
             fmt::format("{} bytes at {:#x} lie outside the record", data.size(), at));
    std::copy(data.begin(), data.end(), record_.begin() + static_cast<ptrdiff_t>(at));
  }
  void count_link(int difference) {
    write_le<uint16_t>(record_, 0x12, static_cast<uint16_t>(read_le<uint16_t>(record_, 0x12) + difference));
  }

  MutableBytes record_;
  uint64_t number_;
  uint64_t cluster_count_;
  const LogChange& change_;
  size_t attribute_;
};

// Only the part in use is in the log; what stood behind it stays.
void RecordEditor::write_image() {
  put(0, change_.data);
  write_le<uint32_t>(record_, 0, kMagicFile);
  const size_t array = read_le<uint16_t>(record_, 4), words = read_le<uint16_t>(record_, 6);
  if (words != record_.size() / kStrideBytes + 1 || array % 2 != 0 || array < 0x28 ||
      !fits(array, 2 * words, read_le<uint16_t>(record_, 0x14)))
    refuse("ntfs.log.change.image", "the log holds a FILE record whose head makes no sense");
}

// Of a freed record the log holds the head alone: sequence, links, flags.
void RecordEditor::restore_header() {
  constexpr size_t kFrom = 0x10, kTo = 0x18;
  if (change_.data.size() < kTo) refuse("ntfs.log.change.header", "the log holds no head of a FILE record");
  put(kFrom, slice(change_.data, kFrom, kTo - kFrom));
}

void RecordEditor::deallocate() {
  const auto flags = read_le<uint16_t>(record_, 0x16);
  auto sequence = read_le<uint16_t>(record_, 0x10);
  // The other half, where it holds the head, says what the number was; freeing twice must not count twice.
  const bool known = change_.other.size() >= 0x12;
  if (known) sequence = read_le<uint16_t>(change_.other, 0x10);
  if (known || (flags & RecordView::kInUse) != 0) {
    sequence = static_cast<uint16_t>(sequence + 1);
    if (sequence == 0) sequence = 1;
  }
  write_le<uint16_t>(record_, 0x10, sequence);
  write_le<uint16_t>(record_, 0x16, static_cast<uint16_t>(flags & ~RecordView::kInUse));
}

void RecordEditor::write_end() {
  if (attribute_ < read_le<uint16_t>(record_, 0x14) || attribute_ > used())
    refuse("ntfs.log.change.end", fmt::format("the record's attributes do not reach to {:#x}", attribute_));
  put(attribute_, change_.data);
  write_le<uint32_t>(record_, 0x18, static_cast<uint32_t>(align_up(attribute_ + change_.data.size(), 8)));
}

void RecordEditor::create_attribute() {
  const Bytes data = change_.data;
  const size_t length = data.size() < kResidentHeaderBytes ? 0 : read_le<uint32_t>(data, 4);
  if (length < kResidentHeaderBytes || length % 8 != 0 || length > data.size())
    refuse("ntfs.log.change.create",
           fmt::format("the log holds an attribute of {} bytes in {}", length, data.size()));
  bool boundary = false;
  size_t end = read_le<uint16_t>(record_, 0x14);
  RecordView(record_, number_).for_each_attribute([&](const Attribute& each) {
    boundary = boundary || each.offset == attribute_;
    end = each.offset + each.whole.size();
  });
  if (!boundary && attribute_ != end)
    refuse("ntfs.log.change.create.place", fmt::format("no attribute begins or ends at {:#x}", attribute_));
  resize(attribute_, 0, length);
  put(attribute_, data.first(length));
  const uint16_t id = read_le<uint16_t>(data, 0x0e);
  if (read_le<uint16_t>(record_, 0x28) <= id)
    write_le<uint16_t>(record_, 0x28, static_cast<uint16_t>(id + 1));
  if (attribute().indexed) count_link(1);
}

void RecordEditor::delete_attribute() {
  const Attribute gone = attribute();
  const bool indexed = gone.indexed;
  if (change_.other.size() >= kResidentHeaderBytes &&
      (read_le<uint32_t>(change_.other, 0) != static_cast<uint32_t>(gone.type) ||
       read_le<uint16_t>(change_.other, 0x0e) != gone.instance))
    refuse("ntfs.log.change.delete",
           fmt::format("the attribute at {:#x} is not the one that the log holds", attribute_));
  resize(attribute_, gone.whole.size(), 0);
  if (indexed) count_link(-1);
}

void RecordEditor::update_value() {
  const Attribute value = attribute();
  const size_t offset = change_.attribute_offset, length = change_.data.size();
  if (!value.resident)
    refuse("ntfs.log.change.value", "the value of an attribute that has none in the record");
  const size_t value_offset = read_le<uint16_t>(record_, attribute_ + 0x14);
  if (offset < kResidentHeaderBytes)
    refuse("ntfs.log.change.value.place",
           fmt::format("a value at {:#x}, inside the attribute's head", offset));
  if (length != change_.other_length) {
    const size_t end = offset + length;
    if (end < value_offset)
      refuse("ntfs.log.change.value.end", fmt::format("a value that ends at {:#x}, before it begins", end));
    resize(attribute_, value.whole.size(), align_up(end, 8));
    write_le<uint32_t>(record_, attribute_ + 0x04, static_cast<uint32_t>(align_up(end, 8)));
    write_le<uint32_t>(record_, attribute_ + 0x10, static_cast<uint32_t>(end - value_offset));
    for (size_t at = end; at % 8 != 0; ++at) record_[attribute_ + at] = 0;
  } else if (!fits(offset, length, value.whole.size())) {
    refuse("ntfs.log.change.value.range",
           fmt::format("{} bytes at {:#x} of a smaller value", length, offset));
  }
  put(attribute_ + offset, change_.data);
}

void RecordEditor::update_mapping_pairs() {
  const Attribute old = attribute();
  const size_t offset = change_.attribute_offset, end = offset + change_.data.size();
  if (old.resident || offset < read_le<uint16_t>(record_, attribute_ + 0x20) || offset > old.whole.size())
    refuse("ntfs.log.change.pairs", "mapping pairs of an attribute that has none there");
  resize(attribute_, old.whole.size(), align_up(end, 8));
  write_le<uint32_t>(record_, attribute_ + 0x04, static_cast<uint32_t>(align_up(end, 8)));
  put(attribute_ + offset, change_.data);
  for (size_t at = end; at % 8 != 0; ++at) record_[attribute_ + at] = 0;
  // The highest VCN follows from the pairs.
  const size_t first = attribute_ + read_le<uint16_t>(record_, attribute_ + 0x20);
  const Bytes pairs = slice(Bytes(record_), first, attribute_ + align_up(end, 8) - first);
  const uint64_t lowest = read_le<uint64_t>(record_, attribute_ + 0x10);
  uint64_t vcn = lowest;
  for (size_t at = 0; at < pairs.size() && pairs[at] != 0;) {
    const size_t length_bytes = pairs[at] & 0xf, lcn_bytes = pairs[at] >> 4;
    if (length_bytes == 0 || length_bytes > 8 || !fits(at + 1, length_bytes + lcn_bytes, pairs.size()))
      refuse("ntfs.log.change.pairs.cut", "mapping pairs that are cut off");
    uint64_t length = 0;
    for (size_t i = 0; i < length_bytes; ++i) length |= uint64_t{pairs[at + 1 + i]} << (8 * i);
    vcn += length;
    at += 1 + length_bytes + lcn_bytes;
  }
  write_le<uint64_t>(record_, attribute_ + 0x18, vcn - 1);
  decode_runs(pairs, lowest, vcn - 1, cluster_count_);
}

void RecordEditor::set_sizes() {
  // Allocated, valid, size: another order than in the attribute.
  const Attribute sized = attribute();
  const Bytes data = change_.data;
  if (sized.resident || data.size() < 0x18)
    refuse("ntfs.log.change.sizes", "sizes of an attribute that has none");
  const uint64_t valid = read_le<uint64_t>(data, 0x08), size = read_le<uint64_t>(data, 0x10);
  if (valid > size)
    refuse("ntfs.log.change.sizes.order", fmt::format("{} bytes are valid of {}", valid, size));
  write_le<uint64_t>(record_, attribute_ + 0x28, read_le<uint64_t>(data, 0x00));
  write_le<uint64_t>(record_, attribute_ + 0x30, size);
  write_le<uint64_t>(record_, attribute_ + 0x38, valid);
  const bool has_total = read_le<uint16_t>(record_, attribute_ + 0x20) >= kNonResidentHeaderBytes + 8 &&
                         (sized.flags & (Attribute::kCompressed | Attribute::kSparse)) != 0;
  if (has_total && data.size() >= 0x20)
    write_le<uint64_t>(record_, attribute_ + 0x40, read_le<uint64_t>(data, 0x18));
}

// --- $INDEX_ROOT ---

void RecordEditor::edit_root() {
  const Attribute root = attribute();
  if (root.type != AttributeType::kIndexRoot || !root.resident || root.value.size() < 2 * kRootNode)
    refuse("ntfs.log.change.root", fmt::format("no index root is at {:#x} of the record", attribute_));
  const size_t value = attribute_ + read_le<uint16_t>(record_, attribute_ + 0x14);
  const IndexNode node{record_, value + kRootNode, value + root.value.size()};
  const size_t entry = attribute_ + change_.attribute_offset;
  index_node::check(node);
  switch (change_.code) {
    case LogCode::kAddIndexEntryRoot:
      return insert_root_entry(node, entry);
    case LogCode::kDeleteIndexEntryRoot:
      return delete_root_entry(node, entry);
    case LogCode::kSetIndexEntryVcnRoot:
      index_node::set_child(node, entry, change_.data);
      break;
    case LogCode::kUpdateFileNameRoot:
      index_node::update_file_name(node, entry, change_.data);
      break;
    default:
      index_node::update_data(node, entry, change_.data);
  }
  index_node::check(node);
}

// Lengths of attribute and value, and what the node says of itself, grow by the same.
void grow_root(MutableBytes record, size_t attribute, const IndexNode& node, size_t more) {
  for (const size_t at : {attribute + 0x04, attribute + 0x10, node.at + 0x04, node.at + 0x08})
    write_le<uint32_t>(record, at, read_le<uint32_t>(record, at) + static_cast<uint32_t>(more));
}

void RecordEditor::insert_root_entry(const IndexNode& node, size_t entry) {
  const size_t length = index_node::payload_length(change_.data);
  (void)index_node::entry_length(node, entry);
  resize(entry, 0, length);
  put(entry, change_.data.first(length));
  grow_root(record_, attribute_, node, length);
  index_node::check({record_, node.at, node.end + length});
}

void RecordEditor::delete_root_entry(const IndexNode& node, size_t entry) {
  index_node::check_same(node, entry, change_.other);
  const size_t length = index_node::entry_length(node, entry);
  resize(entry, length, 0);
  grow_root(record_, attribute_, node, size_t{0} - length);
  index_node::check({record_, node.at, node.end - length});
}

void RecordEditor::zero_end() {
  put(attribute_, ByteVector(change_.data.size()));
}

void RecordEditor::edit() {
  switch (change_.code) {
    case LogCode::kInitializeFileRecord:
      return restore_header();
    case LogCode::kDeallocateFileRecord:
      return deallocate();
    case LogCode::kWriteEndOfFileRecord:
      return write_end();
    case LogCode::kCreateAttribute:
      return create_attribute();
    case LogCode::kDeleteAttribute:
      return delete_attribute();
    case LogCode::kUpdateResidentValue:
      return update_value();
    case LogCode::kUpdateMappingPairs:
      return update_mapping_pairs();
    case LogCode::kSetNewAttributeSizes:
      return set_sizes();
    case LogCode::kAddIndexEntryRoot:
    case LogCode::kDeleteIndexEntryRoot:
    case LogCode::kSetIndexEntryVcnRoot:
    case LogCode::kUpdateFileNameRoot:
    case LogCode::kUpdateRecordDataRoot:
      return edit_root();
    case LogCode::kZeroEndOfFileRecord:
      return zero_end();
    default:
      refuse("ntfs.log.change.code", "an operation that does not change a FILE record");
  }
}

}  // namespace

bool is_record_image(const LogChange& change) {
  return change.code == LogCode::kInitializeFileRecord && change.data.size() >= kLeastImageBytes;
}

void change_file_record(MutableBytes record, uint64_t number, uint64_t cluster_count,
                        const LogChange& change) {
  RecordEditor(record, number, cluster_count, change).run();
}

}  // namespace mend::ntfs
