// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/record.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ntfs/field.h"
#include "ntfs/fixup.h"

namespace mend::ntfs {
namespace {

constexpr uint32_t kRecordHeaderBytes = 0x2a;  // NT; XP and later add the record's number at +0x2C
constexpr uint32_t kResidentHeaderBytes = 0x18;
constexpr uint32_t kNonResidentHeaderBytes = 0x40;
constexpr uint32_t kEndMark = 0xffffffff;

[[noreturn]] void refuse(const char* id, uint64_t record, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, id, fmt::format("MFT record {}: {}", record, why));
}

void parse_resident(Attribute& out) {
  // +0x10 length of the value, +0x14 its offset, +0x16 flags
  const Struct<kResidentHeaderBytes> header(out.whole, 0);
  const uint32_t length = header.get<uint32_t, 0x10>();
  const uint32_t offset = header.get<uint16_t, 0x14>();
  if (!fits(offset, length, out.whole.size()) || (length != 0 && offset < kResidentHeaderBytes))
    refuse("ntfs.attribute.value", out.record,
           fmt::format("a value lies outside its attribute at {}", out.offset));
  out.value = out.whole.subspan(offset, length);
  out.indexed = (header.get<uint8_t, 0x16>() & 1) != 0;
}

void parse_non_resident(Attribute& out) {
  // +0x10 lowest VCN, +0x18 highest, +0x20 offset of the mapping pairs, +0x22 compression unit, +0x28
  // allocated, +0x30 data size, +0x38 initialised size
  if (out.whole.size() < kNonResidentHeaderBytes)
    refuse("ntfs.attribute.short", out.record, fmt::format("the attribute at {} is cut short", out.offset));
  const Struct<kNonResidentHeaderBytes> header(out.whole, 0);
  out.lowest_vcn = header.get<uint64_t, 0x10>();
  out.highest_vcn = header.get<uint64_t, 0x18>();
  const uint32_t pairs = header.get<uint16_t, 0x20>();
  out.compression_unit_shift = header.get<uint8_t, 0x22>();
  out.allocated_bytes = header.get<uint64_t, 0x28>();
  out.data_bytes = header.get<uint64_t, 0x30>();
  out.initialised_bytes = header.get<uint64_t, 0x38>();
  if (pairs < kNonResidentHeaderBytes || pairs > out.whole.size())
    refuse("ntfs.attribute.pairs", out.record,
           fmt::format("the run list of the attribute at {} lies outside it", out.offset));
  // An attribute without clusters has the highest VCN −1.
  if (out.highest_vcn + 1 < out.lowest_vcn || out.lowest_vcn > INT64_MAX)
    refuse(
        "ntfs.attribute.vcn", out.record,
        fmt::format("the attribute at {} covers VCN {} to {}", out.offset, out.lowest_vcn, out.highest_vcn));
  out.mapping_pairs = out.whole.subspan(pairs);
}

}  // namespace

bool Attribute::is_named(std::u16string_view wanted) const {
  if (name_le.size() != wanted.size() * 2) return false;
  for (size_t i = 0; i < wanted.size(); ++i)
    if (unit_at(name_le, i) != wanted[i]) return false;
  return true;
}

std::u16string Attribute::utf16(Bytes le) {
  std::u16string text(le.size() / 2, u'\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = unit_at(le, i);
  return text;
}

RecordView::RecordView(Bytes bytes, uint64_t number) : bytes_(bytes), number_(number) {
  // +0x00 "FILE", +0x04 offset of the update sequence, +0x10 sequence, +0x12 links, +0x14 first attribute,
  // +0x16 flags, +0x18 used, +0x1C allocated, +0x20 base record, +0x2C own number (XP and later)
  const Struct<0x30> header(bytes, 0);
  if (header.get<uint32_t, 0>() != kMagicFile)
    refuse("ntfs.record.magic", number, "it does not begin with FILE");
  sequence_ = header.get<uint16_t, 0x10>();
  link_count_ = header.get<uint16_t, 0x12>();
  first_attribute_ = header.get<uint16_t, 0x14>();
  flags_ = header.get<uint16_t, 0x16>();
  used_bytes_ = header.get<uint32_t, 0x18>();
  base_ = header.get<uint64_t, 0x20>();
  if (used_bytes_ > bytes.size() || header.get<uint32_t, 0x1c>() != bytes.size())
    refuse("ntfs.record.size", number,
           fmt::format("{} of {} bytes used, in a record of {}", used_bytes_, header.get<uint32_t, 0x1c>(),
                       bytes.size()));
  if (first_attribute_ < kRecordHeaderBytes || first_attribute_ % 8 != 0 || first_attribute_ >= used_bytes_)
    refuse("ntfs.record.first", number, fmt::format("its attributes begin at {}", first_attribute_));
  const bool has_number = header.get<uint16_t, 4>() >= 0x30;
  if (has_number && header.get<uint32_t, 0x2c>() != static_cast<uint32_t>(number))
    refuse("ntfs.record.number", number,
           fmt::format("it says it is record {}", header.get<uint32_t, 0x2c>()));
}

uint64_t RecordView::lsn() const {
  return read_le<uint64_t>(bytes_, 0x08);
}

bool RecordView::parse_attribute(uint32_t offset, Attribute& out) const {
  // +0x00 type, +0x04 length, +0x08 non-resident, +0x09 name length, +0x0A name offset, +0x0C flags, +0x0E
  // instance
  const Bytes used = bytes_.first(used_bytes_);
  if (!fits(offset, 4, used.size())) refuse("ntfs.record.end", number_, "its attributes have no end mark");
  const uint32_t type = Struct<4>(used, offset).get<uint32_t, 0>();
  if (type == kEndMark) return false;
  if (!fits(offset, kResidentHeaderBytes, used.size()))
    refuse("ntfs.attribute.header", number_, fmt::format("the attribute at {} is cut short", offset));
  const Struct<kResidentHeaderBytes> header(used, offset);
  const uint32_t length = header.get<uint32_t, 4>();
  if (length < kResidentHeaderBytes || length % 8 != 0 || !fits(offset, length, used.size()) || type == 0)
    refuse("ntfs.attribute.length", number_,
           fmt::format("the attribute at {} has type 0x{:x} and {} bytes", offset, type, length));
  out = Attribute();
  out.type = static_cast<AttributeType>(type);
  out.record = number_;
  out.offset = offset;
  out.whole = used.subspan(offset, length);
  out.resident = header.get<uint8_t, 8>() == 0;
  out.flags = header.get<uint16_t, 0x0c>();
  out.instance = header.get<uint16_t, 0x0e>();
  const size_t name_bytes = size_t{2} * header.get<uint8_t, 9>();
  const uint32_t name_offset = header.get<uint16_t, 0x0a>();
  if (name_bytes != 0) {
    if (!fits(name_offset, name_bytes, length) || name_offset < kResidentHeaderBytes)
      refuse("ntfs.attribute.name", number_,
             fmt::format("the name of the attribute at {} lies outside it", offset));
    out.name_le = out.whole.subspan(name_offset, name_bytes);
  }
  if (out.resident)
    parse_resident(out);
  else
    parse_non_resident(out);
  return true;
}

Record Record::parse(ByteVector raw, uint64_t number) {
  auto bytes = std::make_shared<ByteVector>(std::move(raw));
  if (bytes->size() >= 4 && read_le<uint32_t>(*bytes, 0) == kMagicFile) {
    switch (remove_fixups(*bytes)) {
      case Protection::kIntact:
        break;
      case Protection::kTorn:
        refuse("ntfs.record.torn", number, "it was written in part only");
      case Protection::kBadArray:
        refuse("ntfs.record.protection", number, "its update sequence array makes no sense");
    }
  }
  RecordView view(*bytes, number);
  return Record(std::move(bytes), view);
}

FileNameView FileNameView::parse(Bytes value) {
  const Struct<kHeaderBytes> header(value, 0);
  const size_t units = header.get<uint8_t, 0x40>();
  if (units == 0 || !fits(kHeaderBytes, 2 * units, value.size()) || header.get<uint8_t, 0x41>() > 3)
    throw Error(ErrorCode::kCorrupt, "ntfs.filename.length",
                fmt::format("a file name of {} units, name space {}, in {} bytes", units,
                            header.get<uint8_t, 0x41>(), value.size()));
  return {value};
}

uint32_t FileNameView::reparse_tag() const {
  // +0x3C: the tag, or, without a reparse point, the packed size of the extended attributes.
  return (attributes() & file_attribute::kReparsePoint) != 0 ? read_le<uint32_t>(value, 0x3c) : 0;
}

}  // namespace mend::ntfs
