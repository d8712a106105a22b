// SPDX-License-Identifier: GPL-3.0-or-later
// One MFT record and the attributes in it. Views into bytes that somebody else holds, so that a
// check can go over a million records in one buffer; Record holds its own bytes.
//
// Invariants
//   NM-1  A RecordView exists only over a record whose fixups are removed and whose header proved
//         right: in use or free, its attribute area lies inside the record.
//   NM-2  An Attribute exists only when its name, value or mapping pairs lie inside it, and it
//         inside the record's used bytes. Each is at least 24 bytes long, so iteration ends.
#pragma once

#include <memory>
#include <string>

#include "ntfs/boot_sector.h"
#include "ntfs/field.h"
#include "ntfs/types.h"

namespace mend::ntfs {

struct Attribute {
  static constexpr uint16_t kCompressed = 0x00ff, kEncrypted = 0x4000, kSparse = 0x8000;  // flags

  AttributeType type = AttributeType::kEnd;
  uint16_t flags = 0;
  uint16_t instance = 0;
  bool resident = true;
  uint64_t record = 0;  // number of the record that holds it
  uint32_t offset = 0;  // in that record
  Bytes whole;          // header and all
  Bytes name_le;        // UTF-16LE, may be empty
  // Resident only.
  Bytes value;
  bool indexed = false;
  // Non-resident only. Sizes count in the extent with lowest_vcn 0 alone.
  uint64_t lowest_vcn = 0;
  uint64_t highest_vcn = 0;
  uint8_t compression_unit_shift = 0;  // log2 of clusters in a compression unit; 0: not compressed
  uint64_t allocated_bytes = 0;
  uint64_t data_bytes = 0;
  uint64_t initialised_bytes = 0;
  Bytes mapping_pairs;

  bool is_named(std::u16string_view wanted) const;
  std::u16string name() const { return utf16(name_le); }
  static std::u16string utf16(Bytes le);
};

class RecordView {
 public:
  static constexpr uint16_t kInUse = 1, kDirectory = 2, kViewIndex = 8;

  // `bytes`: the record, fixups removed. kCorrupt "ntfs.record.*", naming the record.
  RecordView(Bytes bytes, uint64_t number);

  uint64_t number() const { return number_; }
  Bytes bytes() const { return bytes_; }
  uint64_t lsn() const;
  uint16_t sequence() const { return sequence_; }
  MftReference reference() const { return {number_, sequence_}; }
  uint16_t link_count() const { return link_count_; }
  uint16_t flags() const { return flags_; }
  bool in_use() const { return (flags_ & kInUse) != 0; }
  bool is_directory() const { return (flags_ & kDirectory) != 0; }
  uint32_t used_bytes() const { return used_bytes_; }
  // Packed zero for a base record.
  MftReference base() const { return MftReference::unpack(base_); }
  bool is_base() const { return base_ == 0; }

  // Calls `use(const Attribute&)` for each attribute in order. kCorrupt.
  template <typename Use>
  void for_each_attribute(Use&& use) const {
    uint32_t at = first_attribute_;
    Attribute attribute;
    while (parse_attribute(at, attribute)) {
      at += static_cast<uint32_t>(attribute.whole.size());
      use(attribute);
    }
  }
  // The attribute at `offset` of the record; false at the end mark. kCorrupt.
  bool parse_attribute(uint32_t offset, Attribute& out) const;

 private:
  Bytes bytes_;
  uint64_t number_;
  uint64_t base_;
  uint32_t used_bytes_;
  uint16_t sequence_;
  uint16_t link_count_;
  uint16_t first_attribute_;
  uint16_t flags_;
};

// A record that holds its bytes; cheap to copy.
class Record {
 public:
  // `raw`: as read from the volume. kCorrupt: magic, torn ("ntfs.record.torn"), header.
  static Record parse(ByteVector raw, uint64_t number);
  const RecordView& view() const { return view_; }
  const RecordView* operator->() const { return &view_; }

 private:
  Record(std::shared_ptr<const ByteVector> bytes, RecordView view) : bytes_(std::move(bytes)), view_(view) {}
  std::shared_ptr<const ByteVector> bytes_;
  RecordView view_;
};

// The fields of a $FILE_NAME value, which is also the key of a directory's index.
struct FileNameView {
  static constexpr size_t kHeaderBytes = 0x42;
  Bytes value;

  // kCorrupt "ntfs.filename.*" when the value is too short for its name, or the name is empty.
  static FileNameView parse(Bytes value);
  MftReference parent() const { return MftReference::unpack(header().get<uint64_t, 0x00>()); }
  uint64_t created_filetime() const { return header().get<uint64_t, 0x08>(); }
  uint64_t modified_filetime() const { return header().get<uint64_t, 0x10>(); }
  uint64_t data_bytes() const { return header().get<uint64_t, 0x30>(); }  // a copy; may be stale
  uint32_t attributes() const { return header().get<uint32_t, 0x38>(); }  // a copy; may be stale
  uint32_t reparse_tag() const;                                           // 0 without the reparse flag
  NameSpace name_space() const { return static_cast<NameSpace>(header().get<uint8_t, 0x41>()); }
  Bytes name_le() const { return value.subspan(kHeaderBytes, size_t{2} * header().get<uint8_t, 0x40>()); }
  std::u16string name() const { return Attribute::utf16(name_le()); }

 private:
  Struct<kHeaderBytes> header() const { return {value, 0}; }
};

}  // namespace mend::ntfs
