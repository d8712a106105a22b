// SPDX-License-Identifier: GPL-3.0-or-later
// Volumes for the tests of the readers: formatted by mkntfs in a temporary folder, then changed record by
// record, so that everything a Windows volume may hold can be put there without a Windows. Writes with its
// own hands; only finding places goes through the readers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ntfs/volume.h"
#include "tests/support/memory_device.h"

namespace mend::test {

struct Format {
  uint64_t size_bytes = 16 << 20;
  uint32_t cluster_bytes = 4096;
  uint32_t sector_bytes = 512;
  std::string options;  // more of mkntfs
};
// The volume as mkntfs makes it. Check need_program("mkntfs") first.
ByteVector format_volume(const Format& format = {});
// Runs a program; false when it fails. Output, both streams, goes to `text`.
bool run_program(const std::string& command, std::string* text = nullptr);
// Puts `content` into the root directory of the volume with ntfscp; returns the volume.
ByteVector copy_in(const ByteVector& volume, const std::string& name, const ByteVector& content);

// --- attributes as bytes ---
struct NewAttribute {
  ntfs::AttributeType type = ntfs::AttributeType::kData;
  std::u16string name;
  uint16_t flags = 0;
  bool indexed = false;
  ByteVector value;  // resident, unless there are runs
  // Non-resident.
  bool non_resident = false;
  ntfs::RunList runs;
  uint64_t lowest_vcn = 0;
  uint64_t size_bytes = 0;
  uint64_t initialised_bytes = 0;
  uint64_t allocated_bytes = 0;  // 0: what the runs cover
  uint8_t compression_unit_shift = 0;
};
ByteVector encode_runs(const ntfs::RunList& runs);
ByteVector file_name_value(ntfs::MftReference parent, std::u16string_view name, ntfs::NameSpace name_space,
                           uint32_t attributes = 0, uint64_t size_bytes = 0, uint32_t reparse_tag = 0);

// In a record without fixups.
void insert_into(ByteVector& record, const NewAttribute& attribute, uint32_t cluster_bytes);
void remove_from(ByteVector& record, ntfs::AttributeType type, std::u16string_view name = {});
void write_file(const std::string& path, const ByteVector& bytes);

class VolumeBuilder {
 public:
  explicit VolumeBuilder(const Format& format = {});
  explicit VolumeBuilder(ByteVector bytes);

  MemoryDevice& device() { return device_; }
  // Readers over what is there now.
  ntfs::Volume& volume();
  uint32_t cluster_bytes() { return volume().geometry().cluster_bytes; }

  // --- clusters ---
  uint64_t allocate(uint64_t count);  // in one run; marked in $Bitmap
  void mark(uint64_t lcn, uint64_t count, bool used);
  void write_clusters(uint64_t lcn, Bytes content);

  // --- records ---
  // The record without fixups; change it, then store it (also in the mirror).
  ByteVector record(uint64_t number);
  void store_record(uint64_t number, ByteVector bytes);
  void insert_attribute(uint64_t record, const NewAttribute& attribute);
  void remove_attribute(uint64_t record, ntfs::AttributeType type, std::u16string_view name = {});
  // The one of that type and name goes, this comes, in one step.
  void replace_attribute(uint64_t record, const NewAttribute& attribute);
  // Copies the attribute's bytes out of the record.
  ByteVector attribute_bytes(uint64_t record, ntfs::AttributeType type, std::u16string_view name = {});
  // An empty record, in use and marked; $MFT grows when it must.
  ntfs::MftReference new_record(uint16_t flags, ntfs::MftReference base = {});
  void mark_record(uint64_t number, bool used);
  void set_link_count(uint64_t record, uint16_t count);
  // Appends `records` records, in clusters of their own, so $MFT's run list grows too.
  void grow_mft(uint64_t records);

  // --- files ---
  struct Name {
    std::u16string name;
    ntfs::NameSpace name_space = ntfs::NameSpace::kWin32AndDos;
  };
  ntfs::MftReference make_directory(ntfs::MftReference parent, std::u16string_view name);
  ntfs::MftReference make_file(ntfs::MftReference parent, std::u16string_view name, Bytes content,
                               uint32_t attributes = 0);
  // Gives the file one more name, in record and directory.
  void add_name(ntfs::MftReference file, ntfs::MftReference parent, const Name& name,
                uint32_t attributes = 0);
  // Writes the directory's index anew, with these keys ($FILE_NAME values) besides those it has.
  struct IndexKey {
    ntfs::MftReference file;
    ByteVector key;
  };
  void add_to_index(ntfs::MftReference directory, std::vector<IndexKey> keys);
  void write_index(ntfs::MftReference directory, std::vector<IndexKey> keys);
  std::vector<IndexKey> index_keys(ntfs::MftReference directory);

  // --- view indexes whose entries all lie in the root, as mkntfs makes them ---
  // The record of $ObjId, $Reparse or $Quota.
  uint64_t extend_record(std::u16string_view name);
  struct ViewEntry {
    ByteVector key, data;
  };
  // `change` gets the entries in their order; they are written as it leaves them.
  void edit_view(uint64_t record, std::u16string_view index,
                 const std::function<void(std::vector<ViewEntry>&)>& change);
  // A reparse point with that tag, and an object ID, where NTFS looks for them.
  void add_reparse_point(ntfs::MftReference file, uint32_t tag);
  void add_object_id(ntfs::MftReference file, const ByteVector& id);

 private:
  void free_index(ntfs::MftReference directory);

  MemoryDevice device_;
  std::unique_ptr<ntfs::Volume> volume_;
};

}  // namespace mend::test
