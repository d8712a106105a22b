// SPDX-License-Identifier: GPL-3.0-or-later
// Changes to files that are there already, for the operations of a crash.
#include <cstdarg>
#include <cstdlib>

// <cstdarg> first: a header of ntfs-3g 2022.10 wants it.
#include "tools/brokenpc/ntfs_writer_impl.h"

namespace mend::brokenpc {
namespace {
// Little-endian, as every host of ours is. The library does not change them.
ntfschar* name_units(const std::u16string& name) {
  return const_cast<ntfschar*>(reinterpret_cast<const ntfschar*>(name.data()));
}
}  // namespace

void NtfsWriter::append(uint64_t record, Bytes data) {
  self_->leave();
  ntfs_inode* inode = self_->open(record);
  Attribute attribute(ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0));
  const s64 length = static_cast<s64>(data.size());
  const bool written = attribute != nullptr &&
                       ntfs_attr_pwrite(attribute.get(), attribute->data_size, length, data.data()) == length;
  attribute.reset();
  self_->require(ntfs_inode_close(inode) == 0 && written, "appending to a file");
}

void NtfsWriter::rename(uint64_t record, uint64_t parent, const std::u16string& name,
                        const std::u16string& new_name) {
  self_->leave();
  ntfs_inode* directory = self_->open(parent);
  ntfs_inode* inode = self_->open(record);
  const bool linked =
      ntfs_link(inode, directory, name_units(new_name), static_cast<u8>(new_name.size())) == 0;
  self_->require(linked, "giving a file its new name");
  // Closes both.
  self_->require(ntfs_delete(self_->volume, nullptr, inode, directory, name_units(name),
                             static_cast<u8>(name.size())) == 0,
                 "taking a file's old name");
}

void NtfsWriter::remove(uint64_t record, uint64_t parent, const std::u16string& name) {
  self_->leave();
  ntfs_inode* directory = self_->open(parent);
  ntfs_inode* inode = self_->open(record);
  self_->require(ntfs_delete(self_->volume, nullptr, inode, directory, name_units(name),
                             static_cast<u8>(name.size())) == 0,
                 "deleting a file");
}

void NtfsWriter::move_runs(uint64_t record) {
  self_->leave();
  ntfs_inode* inode = self_->open(record);
  Attribute attribute(ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0));
  self_->require(attribute != nullptr && ntfs_attr_map_whole_runlist(attribute.get()) == 0, "reading runs");
  ByteVector content(static_cast<size_t>(attribute->data_size));
  const s64 length = attribute->data_size;
  self_->require(ntfs_attr_pread(attribute.get(), 0, length, content.data()) == length, "reading a file");
  const s64 clusters = attribute->allocated_size / self_->volume->cluster_size;
  runlist_element* fresh = ntfs_cluster_alloc(self_->volume, 0, clusters, -1, DATA_ZONE);
  self_->require(fresh != nullptr, "allocating clusters");
  self_->require(ntfs_cluster_free_from_rl(self_->volume, attribute->rl) == 0, "freeing clusters");
  std::free(attribute->rl);
  attribute->rl = fresh;
  self_->require(ntfs_attr_update_mapping_pairs(attribute.get(), 0) == 0, "writing runs");
  self_->require(ntfs_attr_pwrite(attribute.get(), 0, length, content.data()) == length, "writing a file");
  attribute.reset();
  self_->require(ntfs_inode_close(inode) == 0, "closing a file that was moved");
}

void NtfsWriter::sync() {
  self_->leave();
  for (ntfs_inode* inode : {self_->volume->mft_ni, self_->volume->lcnbmp_ni, self_->volume->secure_ni})
    if (inode != nullptr) self_->require(ntfs_inode_sync(inode) == 0, "writing a system file back");
}

}  // namespace mend::brokenpc
