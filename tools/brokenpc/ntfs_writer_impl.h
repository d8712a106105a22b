// SPDX-License-Identifier: GPL-3.0-or-later
// The inside of NtfsWriter, for its two source files only.
#pragma once

#include <sys/stat.h>

#include <ctime>
#include <map>
#include <set>

// ntfs-3g 2022.10: the headers want <sys/stat.h> and <ctime> first and define min and max.
extern "C" {
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/bitmap.h>
#include <ntfs-3g/cache.h>
#include <ntfs-3g/index.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/layout.h>
#include <ntfs-3g/lcnalloc.h>
#include <ntfs-3g/logging.h>
#include <ntfs-3g/mft.h>
#include <ntfs-3g/object_id.h>
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/security.h>
#include <ntfs-3g/volume.h>
}
#undef min
#undef max

#include "tools/brokenpc/ntfs_writer.h"

namespace mend::brokenpc {

struct CloseAttribute {
  void operator()(ntfs_attr* attribute) const { ntfs_attr_close(attribute); }
};
using Attribute = std::unique_ptr<ntfs_attr, CloseAttribute>;

struct NtfsWriter::Implementation {
  ImageWindow window;
  ntfs_volume* volume = nullptr;
  ntfs_inode* directory = nullptr;   // the one that is held open (N-1)
  ntfs_inode* unfinished = nullptr;  // an entry between allocate() and finish()
  le32 security_ids[3] = {};
  std::map<uint64_t, std::set<std::u16string>> dos_names;

  [[noreturn]] void fail(const std::string& what);  // what the device said, else errno
  void require(bool good, const char* what) {
    if (!good) fail(what);
  }

  void mount();
  void prepare_security();
  void leave();
  ntfs_inode* enter(uint64_t record);
  ntfs_inode* open(uint64_t record);
  ntfs_inode* allocate(const NewEntry& entry);
  void add_standard_information(ntfs_inode* inode);
  void add_index_root(ntfs_inode* inode);
  Attribute add_stream(ntfs_inode* inode, std::u16string name, Bytes resident, uint64_t size_bytes);
  Attribute add_clusters_stream(ntfs_inode* inode, std::u16string& name, ATTR_FLAGS flags);
  void add_data(ntfs_inode* inode, const Content& content);
  void add_sparse_stream(ntfs_inode* inode, const Stream& stream);
  void add_named_stream(ntfs_inode* inode, const Stream& stream);
  void scatter(ntfs_attr* attribute, uint64_t clusters);
  void fill_data(ntfs_attr* attribute, const Content& content);
  void add_reparse_point(ntfs_inode* inode, const ByteVector& reparse);
  void add_name(ntfs_inode* inode, ntfs_inode* parent, std::u16string name, uint8_t name_space);
  void add_names(ntfs_inode* inode, ntfs_inode* parent, const NewEntry& entry);
  uint64_t finish(ntfs_inode* inode, ntfs_inode* parent);
  void stamp(ntfs_inode* inode, const FileTimes& times);
  void stamp_names(ntfs_inode* inode);
};

}  // namespace mend::brokenpc
