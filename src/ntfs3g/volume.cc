// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs3g/volume.h"

#include <cerrno>

#include "base/error.h"
#include "ntfs3g/edit.h"

namespace mend::ntfs3g {

namespace {

// $VOLUME_INFORMATION: +0x08 major, +0x09 minor version, +0x0A flags (2).
constexpr uint64_t kFlags = 0x0a;

// Calls `use` with the flags in the record. Not ntfs_volume_write_flags(), which clears the bits it does not
// know.
template <typename Use>
void with_flags(Mount& mount, Use&& use) {
  ntfs_inode* inode = mount.library()->vol_ni;
  std::unique_ptr<ntfs_attr_search_ctx, decltype(&ntfs_attr_put_search_ctx)> search(
      ntfs_attr_get_search_ctx(inode, nullptr), &ntfs_attr_put_search_ctx);
  if (!search || ntfs_attr_lookup(AT_VOLUME_INFORMATION, AT_UNNAMED, 0, CASE_SENSITIVE, 0, nullptr, 0,
                                  search.get()) != 0)
    mount.fail("ntfs3g.flags.find", "cannot find the volume flags in $Volume of " + mount.name());
  ATTR_RECORD* attribute = search->attr;
  MutableBytes whole(reinterpret_cast<uint8_t*>(attribute), le32_to_cpu(attribute->length));
  if (attribute->non_resident)
    throw Error(ErrorCode::kCorrupt, "ntfs3g.flags.resident",
                "$VOLUME_INFORMATION of " + mount.name() + " lies outside its record; nothing was changed");
  use(slice(whole, le16_to_cpu(attribute->value_offset), le32_to_cpu(attribute->value_length)));
}

}  // namespace

Volume::Volume(block::BlockDevice& device) : mount_(std::make_unique<Mount>(device)) {}

Volume::~Volume() = default;

void Volume::remove(ntfs::MftReference parent, std::u16string_view name) {
  mount_->run([&] { remove_link(*mount_, parent, name); });
}

void Volume::rename(ntfs::MftReference parent, std::u16string_view name, ntfs::MftReference new_parent,
                    std::u16string_view new_name) {
  mount_->run([&] { rename_link(*mount_, parent, name, new_parent, new_name); });
}

ntfs::MftReference Volume::make_directory(ntfs::MftReference parent, std::u16string_view name,
                                          Access access) {
  return mount_->run([&] { return create_directory(*mount_, parent, name, access); });
}

void Volume::append_changes(const ntfs::ChangeJournal& journal, Time time) {
  mount_->run([&] { ntfs3g::append_changes(*mount_, journal, to_filetime(time)); });
}

void Volume::set_volume_flags(uint16_t flags) {
  mount_->run([&] {
    with_flags(*mount_, [&](MutableBytes information) {
      mount_->begin_change();
      write_le<uint16_t>(information, kFlags, flags);
    });
    mount_->library()->flags = cpu_to_le16(flags);
    ntfs_inode* inode = mount_->library()->vol_ni;
    ntfs_inode_mark_dirty(inode);
    if (ntfs_inode_sync(inode) != 0)
      mount_->fail("ntfs3g.flags.write", "cannot write the volume flags of " + mount_->name());
  });
}

uint16_t Volume::volume_flags() {
  return mount_->run([&] {
    uint16_t flags = 0;
    with_flags(*mount_, [&](MutableBytes information) { flags = read_le<uint16_t>(information, kFlags); });
    return flags;
  });
}

void Volume::sync() {
  mount_->run([&] {
    mount_->begin_change();
    mount_->sync();
  });
}

void Volume::close() {
  mount_->run([&] { mount_->close(); });
}

}  // namespace mend::ntfs3g
