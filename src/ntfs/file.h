// SPDX-License-Identifier: GPL-3.0-or-later
// A file as a whole: its base record, the records its attribute list names, and all attributes of
// both.
//
// Invariants
//   NA-1  Every extension record is in use, names this file as its base, and carries the sequence
//         number the list gives. Each entry of the list finds its attribute, and no attribute of
//         the file is missing from the list.
//   NA-2  Extents of one attribute join by VCN.
#pragma once

#include <optional>

#include "ntfs/stream.h"

namespace mend::ntfs {

// An entry of $ATTRIBUTE_LIST. The name lives as long as the list's bytes.
struct AttributeListEntry {
  AttributeType type = AttributeType::kEnd;
  uint64_t lowest_vcn = 0;
  MftReference record;
  uint16_t instance = 0;
  Bytes name_le;
};

class AttributeListReader {
 public:
  AttributeListReader(Bytes list, uint64_t file) : list_(list), file_(file) {}
  // False at the end. kCorrupt "ntfs.list.*".
  bool next(AttributeListEntry& entry);

 private:
  Bytes list_;
  uint64_t file_;
  size_t at_ = 0;
};

class File {
 public:
  // kNotFound "ntfs.file.stale" when the record is free or its sequence differs, kCorrupt otherwise.
  File(Volume& volume, MftReference reference);

  MftReference reference() const { return base_->reference(); }
  const Record& base() const { return base_; }
  // In order of the attribute list; empty for most files.
  const std::vector<Record>& extensions() const { return extensions_; }
  bool is_directory() const { return base_->is_directory(); }
  bool has_attribute_list() const { return has_list_; }
  // Of the base and all extensions, the list itself included; extents of one attribute in order of VCN. The
  // views live as long as this object or a copy of it.
  const std::vector<Attribute>& attributes() const { return attributes_; }
  // The first attribute (lowest VCN 0) of that type and name; null: none.
  const Attribute* find(AttributeType type, std::u16string_view name = {}) const;
  // Its content; nullopt: none. kCorrupt.
  std::optional<Stream> stream(AttributeType type, std::u16string_view name = {}) const;
  // Content of `first`, one of attributes().
  Stream stream_of(const Attribute& first) const;

 private:
  friend class Volume;
  File(Volume& volume, Record base);  // as above, whatever its sequence
  void load();
  void load_list(const Attribute& list);
  const RecordView& record_of(MftReference reference, size_t& attribute_count);
  static ByteVector read_list(Volume& volume, const Attribute& list);

  Volume* volume_;
  Record base_;
  std::vector<Record> extensions_;
  std::vector<Attribute> attributes_;
  bool has_list_ = false;
};

}  // namespace mend::ntfs
