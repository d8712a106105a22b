// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ntfs/field.h"
#include "ntfs/volume.h"

namespace mend::ntfs {
namespace {

// A list names every attribute of a file; with 0x20 bytes an entry this is far beyond what Windows makes (256
// KiB).
constexpr uint64_t kMaximumListBytes = 1 << 20;

[[noreturn]] void refuse(const char* id, uint64_t record, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, fmt::format("file {}: {}", record, why));
}

}  // namespace

bool AttributeListReader::next(AttributeListEntry& entry) {
  // +0x00 type, +0x04 length, +0x06 name length, +0x07 name offset, +0x08 lowest VCN, +0x10 record, +0x18
  // instance
  constexpr size_t kEntryBytes = 0x1a;
  if (at_ >= list_.size()) return false;
  if (!fits(at_, kEntryBytes, list_.size()))
    refuse("ntfs.list.short", file_, "its attribute list ends within an entry");
  const Struct<kEntryBytes> header(list_, at_);
  const size_t length = header.get<uint16_t, 4>();
  const size_t name_bytes = size_t{2} * header.get<uint8_t, 6>();
  const size_t name_offset = header.get<uint8_t, 7>();
  if (length < kEntryBytes || length % 8 != 0 || !fits(at_, length, list_.size()) ||
      !fits(name_offset, name_bytes, length) || (name_bytes != 0 && name_offset < kEntryBytes))
    refuse("ntfs.list.entry", file_, fmt::format("an entry of its attribute list has {} bytes", length));
  entry.type = static_cast<AttributeType>(header.get<uint32_t, 0>());
  entry.lowest_vcn = header.get<uint64_t, 0x08>();
  entry.record = MftReference::unpack(header.get<uint64_t, 0x10>());
  entry.instance = header.get<uint16_t, 0x18>();
  entry.name_le = name_bytes == 0 ? Bytes() : list_.subspan(at_ + name_offset, name_bytes);
  at_ += length;
  return true;
}

File::File(Volume& volume, MftReference reference)
    : volume_(&volume), base_(volume.read_record(reference.record)) {
  if (!base_->in_use() || base_->sequence() != reference.sequence)
    throw Error(ErrorCode::kNotFound, "ntfs.file.stale",
                fmt::format("MFT record {} (sequence {}) holds no such file any more", reference.record,
                            reference.sequence));
  load();
}

File::File(Volume& volume, Record base) : volume_(&volume), base_(std::move(base)) {
  load();
}

void File::load() {
  if (!base_->is_base())
    refuse("ntfs.file.extension", base_->number(), "the record is the continuation of another file's");
  std::optional<Attribute> list;
  base_->for_each_attribute([&](const Attribute& attribute) {
    attributes_.push_back(attribute);
    if (attribute.type == AttributeType::kAttributeList) {
      if (list) refuse("ntfs.list.twice", base_->number(), "it has two attribute lists");
      list = attribute;
    }
  });
  if (list) load_list(*list);
}

ByteVector File::read_list(Volume& volume, const Attribute& list) {
  if (list.resident) return ByteVector(list.value.begin(), list.value.end());
  if (list.data_bytes > kMaximumListBytes)
    refuse("ntfs.list.size", list.record, fmt::format("its attribute list has {} bytes", list.data_bytes));
  Stream stream = Stream::non_resident(
      volume, list,
      decode_runs(list.mapping_pairs, list.lowest_vcn, list.highest_vcn, volume.geometry().cluster_count));
  return stream.read_bytes(0, stream.size_bytes());
}

void File::load_list(const Attribute& list) {
  has_list_ = true;
  const ByteVector content = read_list(*volume_, list);
  std::vector<Attribute> own;
  own.swap(attributes_);
  attributes_.push_back(list);
  size_t known = own.size() - 1;  // the list does not name itself
  AttributeListReader reader(content, base_->number());
  for (AttributeListEntry entry; reader.next(entry);) {
    const RecordView& record = record_of(entry.record, known);
    bool found = false;
    record.for_each_attribute([&](const Attribute& attribute) {
      if (attribute.instance != entry.instance || attribute.type != entry.type ||
          attribute.type == AttributeType::kAttributeList)
        return;
      const uint64_t lowest = attribute.resident ? 0 : attribute.lowest_vcn;
      if (!equal(attribute.name_le, entry.name_le) || lowest != entry.lowest_vcn) return;
      if (found)
        refuse("ntfs.list.double", base_->number(), "an entry of its attribute list fits two attributes");
      found = true;
      attributes_.push_back(attribute);
    });
    if (!found)
      refuse("ntfs.list.missing", base_->number(),
             fmt::format("its attribute list names an attribute of type 0x{:x} that record {} does not have",
                         static_cast<uint32_t>(entry.type), entry.record.record));
  }
  if (attributes_.size() - 1 != known)
    refuse("ntfs.list.count", base_->number(),
           fmt::format("its attribute list names {} attributes of {}", attributes_.size() - 1, known));
}

// The base, or an extension, which is read when it is first named; `attribute_count` grows by what is in it.
const RecordView& File::record_of(MftReference reference, size_t& attribute_count) {
  if (reference.record == base_->number()) {
    if (reference.sequence != base_->sequence())
      refuse("ntfs.list.sequence", base_->number(),
             "its attribute list names an older file in its own record");
    return base_.view();
  }
  for (const Record& known : extensions_)
    if (known->reference() == reference) return known.view();
  Record record = volume_->read_record(reference.record);
  if (!record->in_use() || record->sequence() != reference.sequence || record->base() != base_->reference())
    refuse("ntfs.list.extension", base_->number(),
           fmt::format("its attribute list names record {}, which is not its own", reference.record));
  record->for_each_attribute([&](const Attribute&) { ++attribute_count; });
  extensions_.push_back(record);
  return extensions_.back().view();
}

const Attribute* File::find(AttributeType type, std::u16string_view name) const {
  for (const Attribute& attribute : attributes_)
    if (attribute.type == type && (attribute.resident || attribute.lowest_vcn == 0) &&
        attribute.is_named(name))
      return &attribute;
  return nullptr;
}

std::optional<Stream> File::stream(AttributeType type, std::u16string_view name) const {
  const Attribute* first = find(type, name);
  if (first == nullptr) return std::nullopt;
  return stream_of(*first);
}

Stream File::stream_of(const Attribute& first) const {
  if (first.resident) return Stream::resident(*volume_, first.value);
  RunList runs;
  for (const Attribute& extent : attributes_) {
    if (extent.resident || extent.type != first.type || !equal(extent.name_le, first.name_le)) continue;
    RunList more;
    RunDecoder decoder(extent.mapping_pairs, extent.lowest_vcn, extent.highest_vcn,
                       volume_->geometry().cluster_count);
    for (Run run; decoder.next(run);) more.push_back(run);
    append_extent(runs, more);
  }
  check_no_overlap(runs);
  return Stream::non_resident(*volume_, first, std::move(runs));
}

}  // namespace mend::ntfs
