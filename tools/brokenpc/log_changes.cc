// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/log_changes.h"

#include <algorithm>
#include <tuple>

namespace mend::brokenpc {
namespace {

enum Code : uint16_t {
  kNoop = 0x00,
  kInitializeRecord = 0x02,
  kDeallocateRecord = 0x03,
  kCreateAttribute = 0x05,
  kDeleteAttribute = 0x06,
  kUpdateResident = 0x07,
  kUpdateNonresident = 0x08,
  kUpdatePairs = 0x09,
  kSetSizes = 0x0b,
  kAddEntryRoot = 0x0c,
  kDeleteEntryRoot = 0x0d,
  kAddEntryBlock = 0x0e,
  kDeleteEntryBlock = 0x0f,
  kUpdateNameRoot = 0x13,
  kUpdateNameBlock = 0x14,
  kSetBits = 0x15,
  kClearBits = 0x16,
};
constexpr uint32_t kIndexRoot = 0x90;

ByteVector part(Bytes bytes, size_t offset, size_t length) {
  const Bytes found = bytes.subspan(offset, length);
  return {found.begin(), found.end()};
}

using Ops = std::vector<LogOp>;

// --- the entries of a node ---

constexpr size_t kNameFields = 0x18, kNameFieldsBytes = 0x38;  // of an entry: times, sizes, attributes

struct NodePlace {
  size_t header = 0;  // of the node, in what `attribute_offset` counts from
  uint16_t record_offset = 0;
  bool root = false;
};

std::vector<ByteVector> entries_of(Bytes node) {
  std::vector<ByteVector> out;
  const size_t end = read_le<uint32_t>(node, 4);
  for (size_t at = read_le<uint32_t>(node, 0); at < end;) {
    const size_t length = read_le<uint16_t>(node, at + 8);
    out.push_back(part(node, at, length));
    at += length;
  }
  return out;
}

// The same but for the fields that UpdateFileName changes.
bool same_name(const ByteVector& one, const ByteVector& other, bool names) {
  if (one.size() != other.size()) return false;
  if (!names || one.size() < kNameFields + kNameFieldsBytes) return one == other;
  return std::equal(one.begin(), one.begin() + kNameFields, other.begin()) &&
         std::equal(one.begin() + kNameFields + kNameFieldsBytes, one.end(),
                    other.begin() + kNameFields + kNameFieldsBytes);
}

// False where it takes more than entries that come, go, or change their times and sizes.
bool change_entries(Bytes before, Bytes after, const NodePlace& place, bool names, Ops& ops) {
  std::vector<ByteVector> work = entries_of(before);
  const std::vector<ByteVector> wanted = entries_of(after);
  if (read_le<uint32_t>(before, 0) != read_le<uint32_t>(after, 0) || before[0x0c] != after[0x0c] ||
      work.back() != wanted.back())
    return false;
  const auto op = [&](size_t index, uint16_t redo, uint16_t undo) {
    size_t at = place.header + read_le<uint32_t>(before, 0);
    for (size_t i = 0; i < index; ++i) at += work[i].size();
    LogOp out;
    out.redo = redo, out.undo = undo;
    out.record_offset = place.record_offset;
    out.attribute_offset = static_cast<uint16_t>(at);
    return out;
  };
  const uint16_t add = place.root ? kAddEntryRoot : kAddEntryBlock;
  const uint16_t remove = place.root ? kDeleteEntryRoot : kDeleteEntryBlock;
  const uint16_t update = place.root ? kUpdateNameRoot : kUpdateNameBlock;
  for (size_t i = 0; i < work.size();) {
    const bool stays = std::any_of(wanted.begin(), wanted.end(),
                                   [&](const ByteVector& one) { return same_name(one, work[i], names); });
    if (stays) {
      ++i;
      continue;
    }
    LogOp gone = op(i, remove, add);
    gone.undo_data = work[i];
    ops.push_back(gone);
    work.erase(work.begin() + static_cast<ptrdiff_t>(i));
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (i >= work.size() || !same_name(work[i], wanted[i], names)) {
      LogOp fresh = op(i, add, remove);
      fresh.redo_data = wanted[i];
      ops.push_back(fresh);
      work.insert(work.begin() + static_cast<ptrdiff_t>(i), wanted[i]);
    } else if (work[i] != wanted[i]) {
      LogOp fields = op(i, update, update);
      fields.redo_data = part(wanted[i], kNameFields, kNameFieldsBytes);
      fields.undo_data = part(work[i], kNameFields, kNameFieldsBytes);
      ops.push_back(fields);
      work[i] = wanted[i];
    }
  }
  return work.size() == wanted.size();
}

// --- a FILE record ---

auto key_of(const AttributeBytes& attribute) {
  return std::tuple(attribute.type(), attribute.name(), attribute.id(), attribute.resident());
}

// May the one become the other by changes of value, runs and sizes?
bool same_attribute(const AttributeBytes& one, const AttributeBytes& other) {
  if (key_of(one) != key_of(other)) return false;
  const auto header = [](const AttributeBytes& attribute) {
    return std::tuple(
        read_le<uint16_t>(attribute.bytes, 0x0c),
        attribute.resident() ? uint64_t{attribute.bytes[0x16]} : read_le<uint64_t>(attribute.bytes, 0x10),
        read_le<uint16_t>(attribute.bytes, attribute.resident() ? 0x14 : 0x20));
  };
  return header(one) == header(other);
}

void change_resident(const AttributeBytes& before, const AttributeBytes& after, size_t at, Ops& ops) {
  const ByteVector old_value = before.value(), value = after.value();
  if (old_value == value) return;
  const size_t value_at = read_le<uint16_t>(before.bytes, 0x14);
  if (before.type() == kIndexRoot) {
    constexpr size_t kRootHeader = 0x10;
    const NodePlace place{value_at + kRootHeader, static_cast<uint16_t>(at), true};
    const bool names = read_le<uint32_t>(old_value, 0) == 0x30;
    Ops entries;
    if (change_entries(Bytes(old_value).subspan(kRootHeader), Bytes(value).subspan(kRootHeader), place, names,
                       entries)) {
      ops.insert(ops.end(), entries.begin(), entries.end());
      return;
    }
  }
  LogOp op;
  op.redo = op.undo = kUpdateResident;
  op.redo_data = value, op.undo_data = old_value;
  op.record_offset = static_cast<uint16_t>(at);
  op.attribute_offset = static_cast<uint16_t>(value_at);
  ops.push_back(op);
}

ByteVector sizes_of(const AttributeBytes& attribute) {
  ByteVector out;
  for (const size_t at : {0x28U, 0x38U, 0x30U}) {  // allocated, valid, size
    const ByteVector field = part(attribute.bytes, at, 8);
    out.insert(out.end(), field.begin(), field.end());
  }
  return out;
}

void change_nonresident(const AttributeBytes& before, const AttributeBytes& after, size_t at, Ops& ops) {
  LogOp op;
  op.record_offset = static_cast<uint16_t>(at);
  if (before.pairs() != after.pairs()) {
    op.redo = op.undo = kUpdatePairs;
    op.redo_data = after.pairs(), op.undo_data = before.pairs();
    op.attribute_offset = read_le<uint16_t>(before.bytes, 0x20);
    ops.push_back(op);
  }
  if (sizes_of(before) != sizes_of(after)) {
    op.redo = op.undo = kSetSizes;
    op.redo_data = sizes_of(after), op.undo_data = sizes_of(before);
    op.attribute_offset = 0;
    ops.push_back(op);
  }
}

void change_attributes(Bytes before, Bytes after, Ops& ops) {
  std::vector<AttributeBytes> work = attributes_of(before);
  const std::vector<AttributeBytes> wanted = attributes_of(after);
  const auto offset_of = [&](size_t index) {
    size_t at = read_le<uint16_t>(before, 0x14);
    for (size_t i = 0; i < index; ++i) at += work[i].bytes.size();
    return at;
  };
  const auto whole = [&](size_t index, const AttributeBytes& attribute, bool created) {
    LogOp op;
    op.redo = created ? kCreateAttribute : kDeleteAttribute;
    op.undo = created ? kDeleteAttribute : kCreateAttribute;
    (created ? op.redo_data : op.undo_data) = attribute.bytes;
    op.record_offset = static_cast<uint16_t>(offset_of(index));
    ops.push_back(op);
  };
  for (size_t i = 0; i < work.size();) {
    const bool stays = std::any_of(wanted.begin(), wanted.end(),
                                   [&](const AttributeBytes& one) { return same_attribute(one, work[i]); });
    if (stays) {
      ++i;
      continue;
    }
    whole(i, work[i], false);
    work.erase(work.begin() + static_cast<ptrdiff_t>(i));
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (i >= work.size() || !same_attribute(work[i], wanted[i])) {
      whole(i, wanted[i], true);
      work.insert(work.begin() + static_cast<ptrdiff_t>(i), wanted[i]);
      continue;
    }
    if (wanted[i].resident())
      change_resident(work[i], wanted[i], offset_of(i), ops);
    else
      change_nonresident(work[i], wanted[i], offset_of(i), ops);
    work[i] = wanted[i];
  }
}

void change_record(const Structure* before, const Structure& after, Ops& ops) {
  const bool was_used = before != nullptr && before->in_use();
  if (was_used && after.in_use()) return change_attributes(before->bytes, after.bytes, ops);
  LogOp op;
  if (after.in_use()) {
    op.undo = kDeallocateRecord;  // what takes the allocation back
    ops.push_back(op);
    op.redo = kInitializeRecord, op.undo = kNoop;
    op.redo_data = part(after.bytes, 0, read_le<uint32_t>(after.bytes, 0x18));
    ops.push_back(op);
  } else if (was_used) {
    constexpr size_t kHead = 0x18;
    op.redo = kDeallocateRecord, op.undo = kInitializeRecord;
    op.undo_data = part(before->bytes, 0, kHead);
    ops.push_back(op);
  }
}

// --- the others ---

constexpr size_t kNodeHeader = 0x18;  // in an index block

ByteVector image_of(const Structure& block) {
  return part(block.bytes, 0, kNodeHeader + read_le<uint32_t>(block.bytes, kNodeHeader + 4));
}

void change_block(const Structure* before, const Structure& after, Ops& ops) {
  LogOp op;
  op.redo = kUpdateNonresident;
  op.redo_data = image_of(after);
  if (before == nullptr) {
    ops.push_back(op);
    return;
  }
  const ByteVector old_image = image_of(*before);
  if (std::equal(old_image.begin() + 0x10, old_image.end(), op.redo_data.begin() + 0x10, op.redo_data.end()))
    return;
  static const ByteVector kNames = {'$', 0, 'I', 0, '3', 0, '0', 0};
  Ops entries;
  if (change_entries(Bytes(before->bytes).subspan(kNodeHeader), Bytes(after.bytes).subspan(kNodeHeader),
                     {kNodeHeader, 0, false}, after.name == kNames, entries)) {
    ops.insert(ops.end(), entries.begin(), entries.end());
    return;
  }
  op.undo = kUpdateNonresident;
  op.undo_data = old_image;
  ops.push_back(op);
}

void change_bits(Bytes before, Bytes after, Ops& ops) {
  const auto bit = [](Bytes bytes, size_t at) { return (bytes[at / 8] >> (at % 8) & 1) != 0; };
  for (size_t at = 0; at < after.size() * 8;) {
    const bool set = bit(after, at);
    size_t end = at;
    while (end < after.size() * 8 && bit(after, end) == set && bit(before, end) != set) ++end;
    if (end == at) {
      ++at;
      continue;
    }
    LogOp op;
    op.redo = set ? kSetBits : kClearBits, op.undo = set ? kClearBits : kSetBits;
    op.redo_data.resize(8);
    write_le<uint32_t>(op.redo_data, 0, static_cast<uint32_t>(at));
    write_le<uint32_t>(op.redo_data, 4, static_cast<uint32_t>(end - at));
    op.undo_data = op.redo_data;
    ops.push_back(op);
    at = end;
  }
}

}  // namespace

std::vector<LogOp> changes_of(const Structure* before, const Structure& after) {
  Ops ops;
  switch (after.kind) {
    case Structure::Kind::kRecord:
      change_record(before, after, ops);
      break;
    case Structure::Kind::kIndexBlock:
      change_block(before, after, ops);
      break;
    case Structure::Kind::kBitmap:
      if (before != nullptr) change_bits(before->bytes, after.bytes, ops);
      break;
  }
  return ops;
}

}  // namespace mend::brokenpc
