// SPDX-License-Identifier: GPL-3.0-or-later
// An NTFS volume for reading. Our own: nothing here knows libntfs-3g, so that it can judge what
// that library wrote. Used by the plan, by verification and by everything that asks what is on a
// volume.
//
// Invariants
//   NV-1  It only reads: it is given no more than a BlockReader.
//   NV-2  What is read is proved before it is used (NB-1, NM-1, NM-2, NR-1, NI-1): bad bytes are
//         kCorrupt, never a crash, a loop or an allocation larger than what the volume's clusters
//         allow. A sparse file may be larger than its volume: read_file has a limit of its own.
//   NV-3  It keeps what it has read (a cache of at most 1 MiB, $MFT's runs, $UpCase). After the
//         volume was written to, make a new Volume.
//   NV-4  Looking up a path reads a few blocks per component; $MFT and $Bitmap are never read as a
//         whole.
// Borrows the reader. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "block/block_device.h"
#include "ntfs/boot_sector.h"
#include "ntfs/cache.h"
#include "ntfs/file.h"
#include "ntfs/record.h"
#include "ntfs/types.h"
#include "ntfs/upcase.h"

namespace mend::ntfs {

// A name in a directory, by value. Size, times and attributes are the index's copies, which may be stale: ask
// stat().
struct DirectoryEntry {
  MftReference reference;
  MftReference parent;
  std::u16string name;
  NameSpace name_space = NameSpace::kPosix;
  uint64_t size_bytes = 0;
  Time modified;
  uint32_t attributes = 0;
  uint32_t reparse_tag = 0;

  bool is_directory() const { return (attributes & file_attribute::kDirectory) != 0; }
};

// The same, in place: lives for the callback only.
struct EntryView {
  MftReference reference;
  FileNameView key;
  DirectoryEntry to_entry() const;
};

struct Link {
  MftReference parent;
  std::u16string name;
  NameSpace name_space = NameSpace::kPosix;
};

struct FileInfo {
  MftReference reference;
  std::u16string name;  // the first name that is not a DOS name alone
  uint64_t size_bytes = 0;
  Time created, modified, changed, accessed;
  uint32_t attributes = 0;  // of $STANDARD_INFORMATION
  uint32_t reparse_tag = 0;
  uint32_t security_id = 0;  // 0: the file carries its own descriptor, or none
  bool is_directory = false, compressed = false, sparse = false, encrypted = false, wof_compressed = false;
  bool resident = true;
  uint16_t link_count = 0;              // as the record states it; DOS names count
  std::vector<Link> links;              // every $FILE_NAME
  std::vector<std::u16string> streams;  // named $DATA
};

class Volume {
 public:
  // `upcase`: the table of the same volume, where somebody has read it already. kCorrupt, kUnsupported.
  explicit Volume(block::BlockReader& reader, std::shared_ptr<const Upcase> upcase = nullptr);
  Volume(const Volume&) = delete;
  Volume& operator=(const Volume&) = delete;

  const Geometry& geometry() const { return geometry_; }
  uint64_t serial() const { return geometry_.serial; }
  std::string describe() const { return reader_.describe(); }
  const Upcase& upcase() { return *shared_upcase(); }
  std::shared_ptr<const Upcase> shared_upcase();

  // --- names ---
  // Case-insensitive; where two names differ in case only, the one written exactly so. nullopt: no such name.
  std::optional<DirectoryEntry> find(MftReference directory, std::u16string_view name);
  // Every name of a directory in the order of its index, both of a pair (Win32 and DOS). `use` returns false
  // to stop. `prefix`: only names that begin so, case-insensitively; the rest is not read.
  void for_each_entry(MftReference directory, const std::function<bool(const EntryView&)>& use,
                      std::u16string_view prefix = {});

  // --- files ---
  File open(MftReference reference) { return File(*this, reference); }
  // The file of that base record, whatever its sequence number; kNotFound "ntfs.file.free" when the record is
  // free.
  File open_record(uint64_t number);
  FileInfo stat(MftReference reference);
  // [offset, offset + length) of the unnamed data, or of `stream`. kUnsupported "ntfs.content.wof",
  // "ntfs.content.reparse" (another file system filter holds the content), "ntfs.content.encrypted" (EFS);
  // kCorrupt; kNotFound "ntfs.content.none"; kRefused "ntfs.content.size" for more than 1 GiB at once.
  ByteVector read_file(MftReference reference, uint64_t offset, uint64_t length,
                       std::u16string_view stream = {});
  ByteVector read_file(MftReference reference, std::u16string_view stream = {});  // all of it
  // The same in pieces of at most 1 MiB, in order. No limit on the size.
  void read_file_to(MftReference reference, const std::function<void(Bytes)>& use,
                    std::u16string_view stream = {});

  // --- records ---
  uint64_t record_count() const { return record_count_; }
  // Proved, in use or free. kCorrupt; kNotFound "ntfs.record.range" beyond $MFT's end.
  Record read_record(uint64_t number);
  // Where the record lies: one range, or several where a record is larger than a cluster.
  std::vector<Range> record_ranges(uint64_t number) const;
  const Stream& mft() const { return *mft_; }
  // $MFT's own bitmap, and $Bitmap: one small read.
  bool record_bit(uint64_t number);
  bool cluster_bit(uint64_t lcn);
  // The streams themselves, for checks that read them in order.
  Stream& mft_bitmap();
  Stream& cluster_bitmap();

  // --- bytes ---
  // Small reads come through the cache, large ones do not. Offsets within the volume; kCorrupt outside.
  void read(uint64_t offset, MutableBytes out);
  uint64_t cluster_offset(uint64_t lcn) const { return lcn * geometry_.cluster_bytes; }
  block::BlockReader& reader() { return reader_; }

 private:
  void load_mft();
  Stream& system_stream(std::optional<Stream>& slot, uint64_t record, AttributeType type);
  Stream content(const File& file, std::u16string_view stream);

  block::BlockReader& reader_;
  BlockCache cache_;
  Geometry geometry_;
  std::shared_ptr<const Upcase> upcase_;
  std::optional<Stream> mft_;
  std::optional<Stream> mft_bitmap_;
  std::optional<Stream> cluster_bitmap_;
  uint64_t record_count_ = 0;
};

}  // namespace mend::ntfs
