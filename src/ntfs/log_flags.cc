// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/log_flags.h"

#include "base/error.h"
#include "ntfs/fixup.h"
#include "ntfs/record.h"

namespace mend::ntfs {
namespace {
constexpr size_t kFlags = 0x0a, kInformationBytes = 0x0c;  // of $VOLUME_INFORMATION
}

uint64_t VolumeFlags::place() const {
  return geometry_.mft_lcn * geometry_.cluster_bytes + system_record::kVolume * geometry_.record_bytes;
}

VolumeFlags::Found VolumeFlags::find() {
  Found found{ByteVector(geometry_.record_bytes), 0};
  target_.read({{place(), geometry_.record_bytes}}, found.record);
  if (read_le<uint32_t>(found.record, 0) == kMagicFile &&
      remove_fixups(found.record) == Protection::kIntact) {
    const RecordView record(found.record, system_record::kVolume);
    record.for_each_attribute([&](const Attribute& attribute) {
      if (attribute.type != AttributeType::kVolumeInformation || !attribute.resident) return;
      if (attribute.value.size() >= kInformationBytes)
        found.at = static_cast<size_t>(attribute.value.data() - found.record.data()) + kFlags;
    });
  }
  if (found.at == 0)
    throw Error(
        ErrorCode::kCorrupt, "ntfs.replay.flags",
        "the dirty flag, which is set while the log is replayed, is not where it should be: the record "
        "of $Volume is torn or holds no flags");
  return found;
}

uint16_t VolumeFlags::get() {
  const Found found = find();
  return read_le<uint16_t>(found.record, found.at);
}

void VolumeFlags::set(uint16_t flags) {
  Found found = find();
  if (read_le<uint16_t>(found.record, found.at) == flags) return;
  write_le<uint16_t>(found.record, found.at, flags);
  apply_fixups(found.record);
  const uint64_t bytes = geometry_.record_bytes;
  const uint64_t mirror = geometry_.mirror_lcn * geometry_.cluster_bytes + system_record::kVolume * bytes;
  for (const uint64_t offset : {place(), mirror}) target_.write({{offset, bytes}}, found.record);
}

}  // namespace mend::ntfs
