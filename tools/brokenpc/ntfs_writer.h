// SPDX-License-Identifier: GPL-3.0-or-later
// An NTFS volume inside an image file, made by mkntfs and filled through libntfs-3g, with what the library's
// own ntfs_create leaves out: Win32 and DOS names as Windows gives them, given times, security by $Secure.
//
// Invariants
//   N-1  At most one directory is held open, so no two copies of an inode exist in the library.
//   N-2  Every name has its entry in the parent's index with the file's final sizes, times and attributes.
// Records are MFT record numbers. Not thread-safe; borrows the image.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/guid.h"
#include "tools/brokenpc/ntfs_device.h"

namespace mend::brokenpc {

constexpr uint64_t kRootRecord = 5;
constexpr uint64_t kExtendRecord = 11;

// FILE_ATTRIBUTE_* of Windows.
namespace attribute {
constexpr uint32_t kReadOnly = 0x1;
constexpr uint32_t kHidden = 0x2;
constexpr uint32_t kSystem = 0x4;
constexpr uint32_t kArchive = 0x20;
constexpr uint32_t kCompressed = 0x800;
}  // namespace attribute

struct FileTimes {  // FILETIME
  uint64_t created = 0;
  uint64_t modified = 0;
};

enum class Names {
  kWindows,    // one Win32+DOS name where it is a legal 8.3 name, else a Win32 name with a generated DOS name
  kWin32Only,  // as on a volume without 8.3 names
  kPosix,      // as a hard link has it
};
enum class Access {
  kProgram,  // owned by TrustedInstaller, users may read and execute
  kUser,     // the user, SYSTEM, Administrators
  kSystem,   // SYSTEM and Administrators
};

struct NewEntry {
  std::u16string name;
  FileTimes times;
  uint32_t attributes = attribute::kArchive;
  Access access = Access::kProgram;
  Names names = Names::kWindows;
};

// Fills a piece of a file's content. Pieces come in order.
using Fill = std::function<void(uint64_t offset, MutableBytes out)>;

struct Stream {
  std::u16string name;
  ByteVector content;
  uint64_t hole_bytes = 0;   // before the content; with one, the stream is sparse
  uint64_t spare_bytes = 0;  // allocated behind it
};

// What a file holds; each part is optional.
struct Content {
  uint64_t size_bytes = 0;
  Fill fill;            // null: allocated and never written (page file)
  bool sparse = false;  // a hole but for the last `sparse_tail` bytes
  uint64_t sparse_tail = 0;
  std::vector<Stream> streams;
  bool only_streams = false;    // no unnamed one at all
  ByteVector reparse;           // a whole REPARSE_DATA_BUFFER
  std::vector<Guid> object_id;  // none or one
};

struct Extent {  // in clusters
  uint64_t lcn;
  uint64_t length;
};

class NtfsWriter {
 public:
  // Formats [offset, offset + size) of the image and opens it. `scratch` is a path for a temporary file.
  NtfsWriter(ImageFile& image, uint64_t offset, uint64_t size_bytes, const FormatOptions& options,
             const std::string& scratch);
  NtfsWriter(const NtfsWriter&) = delete;
  NtfsWriter& operator=(const NtfsWriter&) = delete;
  ~NtfsWriter();

  uint32_t cluster_bytes() const;
  uint64_t cluster_count() const;

  uint64_t make_directory(uint64_t parent, const NewEntry& entry, const ByteVector& reparse = {});
  uint64_t make_file(uint64_t parent, const NewEntry& entry, const Content& content);
  // A file in pieces of one cluster, each with a free one behind it. REQUIRES: neither sparse nor
  // compressed, and a whole number of clusters.
  uint64_t make_fragmented_file(uint64_t parent, const NewEntry& entry, const Content& content);
  void add_hard_link(uint64_t record, uint64_t parent, const std::u16string& name);
  // Changes to what is there. Names are those given, without a DOS name.
  void append(uint64_t record, Bytes data);
  void rename(uint64_t record, uint64_t parent, const std::u16string& name, const std::u16string& new_name);
  void remove(uint64_t record, uint64_t parent, const std::u16string& name);
  // Its clusters become others, with the same content.
  void move_runs(uint64_t record);
  // All that was done is in the image; what was held open is closed.
  void sync();
  // The next clusters are taken from there on, if they are free. Delivers where they would have come from.
  uint64_t allocate_from(uint64_t lcn);
  // Of the unnamed stream.
  std::vector<Extent> extents(uint64_t record);
  // Overwrites a part of a system file's unnamed stream (the log).
  void overwrite(uint64_t record, uint64_t offset, Bytes data);
  uint64_t stream_bytes(uint64_t record);
  // Stamps the records of the format itself, which mkntfs dates 1970.
  void stamp_system_files(const FileTimes& times);
  void set_dirty_flag();
  // One bit a cluster, in use or not, as $Bitmap says.
  ByteVector used_clusters();
  // Writes everything back. Nothing may be called after it.
  void close();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> self_;
};

}  // namespace mend::brokenpc
