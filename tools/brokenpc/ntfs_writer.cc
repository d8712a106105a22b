// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/ntfs_writer.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "tools/brokenpc/ntfs_writer_impl.h"

namespace mend::brokenpc {

NtfsWriter::NtfsWriter(ImageFile& image, uint64_t offset, uint64_t size_bytes, const FormatOptions& options,
                       const std::string& scratch)
    : self_(new Implementation{{image, offset, size_bytes, nullptr}}) {
  format_volume(image, offset, size_bytes, options, scratch);
  self_->mount();
}

NtfsWriter::~NtfsWriter() {
  // Reached without close() only when an exception passes; what is on disk then does not matter.
  if (self_->volume == nullptr) return;
  if (self_->unfinished != nullptr) ntfs_inode_close(self_->unfinished);
  if (self_->directory != nullptr) ntfs_inode_close(self_->directory);
  ntfs_umount(self_->volume, TRUE);
}

uint32_t NtfsWriter::cluster_bytes() const {
  return self_->volume->cluster_size;
}
uint64_t NtfsWriter::cluster_count() const {
  return static_cast<uint64_t>(self_->volume->nr_clusters);
}

uint64_t NtfsWriter::make_directory(uint64_t parent, const NewEntry& entry, const ByteVector& reparse) {
  ntfs_inode* directory = self_->enter(parent);
  if (!reparse.empty()) self_->require(ntfs_inode_sync(directory) == 0, "writing a directory back");
  ntfs_inode* inode = self_->allocate(entry);
  self_->add_index_root(inode);
  self_->add_reparse_point(inode, reparse);
  self_->add_names(inode, directory, entry);
  return self_->finish(inode, directory);
}

uint64_t NtfsWriter::make_file(uint64_t parent, const NewEntry& entry, const Content& content) {
  ntfs_inode* directory = self_->enter(parent);
  // The library finds $Reparse and $ObjId through the root directory as it is on disk.
  if (!content.reparse.empty() || !content.object_id.empty())
    self_->require(ntfs_inode_sync(directory) == 0, "writing a directory back");
  ntfs_inode* inode = self_->allocate(entry);
  if (!content.only_streams) self_->add_data(inode, content);
  for (const Stream& stream : content.streams) self_->add_named_stream(inode, stream);
  self_->add_reparse_point(inode, content.reparse);
  for (const Guid& id : content.object_id) {
    const char* value = reinterpret_cast<const char*>(id.bytes.data());
    self_->require(ntfs_set_ntfs_object_id(inode, value, id.bytes.size(), 0) == 0, "adding an object ID");
  }
  self_->add_names(inode, directory, entry);
  return self_->finish(inode, directory);
}

void NtfsWriter::add_hard_link(uint64_t record, uint64_t parent, const std::u16string& name) {
  ntfs_inode* directory = self_->enter(parent);
  ntfs_inode* inode = self_->unfinished = self_->open(record);
  self_->add_name(inode, directory, name, FILE_NAME_POSIX);
  self_->finish(inode, directory);
}

uint64_t NtfsWriter::make_fragmented_file(uint64_t parent, const NewEntry& entry, const Content& content) {
  ntfs_inode* directory = self_->enter(parent);
  ntfs_inode* inode = self_->allocate(entry);
  // The names first: the runs take what is left of the record, and others.
  inode->data_size = inode->allocated_size = static_cast<s64>(content.size_bytes);
  self_->add_names(inode, directory, entry);
  Attribute attribute = self_->add_stream(inode, {}, {}, content.size_bytes);
  self_->scatter(attribute.get(), content.size_bytes / cluster_bytes());
  self_->fill_data(attribute.get(), content);
  attribute.reset();
  return self_->finish(inode, directory);
}

uint64_t NtfsWriter::allocate_from(uint64_t lcn) {
  return static_cast<uint64_t>(std::exchange(self_->volume->data1_zone_pos, static_cast<LCN>(lcn)));
}

std::vector<Extent> NtfsWriter::extents(uint64_t record) {
  self_->leave();
  ntfs_inode* inode = self_->open(record);
  ntfs_attr* attribute = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
  std::vector<Extent> extents;
  bool mapped = attribute != nullptr && ntfs_attr_map_whole_runlist(attribute) == 0;
  if (mapped) {
    for (runlist_element* run = attribute->rl; run != nullptr && run->length != 0; ++run)
      if (run->lcn >= 0)
        extents.push_back({static_cast<uint64_t>(run->lcn), static_cast<uint64_t>(run->length)});
  }
  if (attribute != nullptr) ntfs_attr_close(attribute);
  bool closed = ntfs_inode_close(inode) == 0;
  self_->require(mapped && closed, "looking up where a file lies");
  return extents;
}

void NtfsWriter::overwrite(uint64_t record, uint64_t offset, Bytes data) {
  self_->leave();
  ntfs_inode* inode = self_->open(record);
  ntfs_attr* attribute = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
  s64 length = static_cast<s64>(data.size());
  bool written = attribute != nullptr &&
                 ntfs_attr_pwrite(attribute, static_cast<s64>(offset), length, data.data()) == length;
  if (attribute != nullptr) ntfs_attr_close(attribute);
  bool closed = ntfs_inode_close(inode) == 0;
  self_->require(written && closed, "overwriting a system file");
}

uint64_t NtfsWriter::stream_bytes(uint64_t record) {
  self_->leave();
  ntfs_inode* inode = self_->open(record);
  ntfs_attr* attribute = ntfs_attr_open(inode, AT_DATA, AT_UNNAMED, 0);
  uint64_t size = attribute == nullptr ? 0 : static_cast<uint64_t>(attribute->data_size);
  if (attribute != nullptr) ntfs_attr_close(attribute);
  self_->require(ntfs_inode_close(inode) == 0, "closing a system file");
  return size;
}

void NtfsWriter::stamp_system_files(const FileTimes& times) {
  self_->leave();
  ntfs_volume* volume = self_->volume;
  // Those that the volume itself holds open must not be opened a second time.
  ntfs_inode* const held[] = {volume->mft_ni, volume->mftmirr_ni, volume->vol_ni, volume->lcnbmp_ni,
                              volume->secure_ni};
  for (uint64_t record = 0; record < 27; ++record) {
    if (record >= 12 && record < 24) continue;  // reserved, without names
    ntfs_inode* inode = nullptr;
    for (ntfs_inode* candidate : held)
      if (candidate != nullptr && candidate->mft_no == record) inode = candidate;
    bool own = inode == nullptr;
    if (own) inode = self_->open(record);
    self_->stamp(inode, times);
    self_->stamp_names(inode);
    NInoFileNameSetDirty(inode);
    ntfs_inode_mark_dirty(inode);
    if (own) {
      self_->require(ntfs_inode_close(inode) == 0, "closing a system file");
    } else {
      self_->require(ntfs_inode_sync(inode) == 0, "writing a system file back");
    }
  }
}

void NtfsWriter::set_dirty_flag() {
  self_->leave();
  le16 flags = static_cast<le16>(self_->volume->flags | VOLUME_IS_DIRTY);
  self_->require(ntfs_volume_write_flags(self_->volume, flags) == 0, "setting the dirty flag");
}

ByteVector NtfsWriter::used_clusters() {
  self_->leave();
  ByteVector bitmap(static_cast<size_t>((cluster_count() + 7) / 8));
  s64 length = static_cast<s64>(bitmap.size());
  self_->require(ntfs_attr_pread(self_->volume->lcnbmp_na, 0, length, bitmap.data()) == length,
                 "reading $Bitmap");
  return bitmap;
}

void NtfsWriter::close() {
  self_->leave();
  ntfs_volume* volume = self_->volume;
  self_->volume = nullptr;
  self_->require(ntfs_umount(volume, FALSE) == 0, "closing the volume");
  if (self_->window.error != nullptr) std::rethrow_exception(self_->window.error);
}

}  // namespace mend::brokenpc
