// SPDX-License-Identifier: GPL-3.0-or-later
// The metadata of a volume that NTFS logs, as it is at one time: FILE records, index blocks, bitmaps. Reads
// the image; shares no code with src/ntfs, whose replay it judges.
#pragma once

#include <map>
#include <vector>

#include "tools/brokenpc/image_file.h"

namespace mend::brokenpc {

inline constexpr uint32_t kStructureClusterBytes = 4096;  // the only cluster size that is read here
inline constexpr uint32_t kRecordBytes = 1024;

// Little-endian fields of a structure's bytes.
struct AttributeBytes {
  size_t offset = 0;  // in the record
  ByteVector bytes;

  uint32_t type() const { return read_le<uint32_t>(bytes, 0x00); }
  bool resident() const { return bytes[0x08] == 0; }
  ByteVector name() const;
  uint16_t id() const { return read_le<uint16_t>(bytes, 0x0e); }
  ByteVector value() const;  // resident
  ByteVector pairs() const;  // not resident: to the attribute's end
};
std::vector<AttributeBytes> attributes_of(Bytes record);

struct Structure {
  enum class Kind { kRecord, kIndexBlock, kBitmap };
  Kind kind = Kind::kRecord;
  // The attribute that it is a part of, and where in it.
  uint64_t owner = 0;  // file reference
  uint32_t type = 0;
  ByteVector name;
  uint64_t position = 0;
  ByteVector bytes;  // without fixups

  bool in_use() const { return kind != Kind::kRecord || (bytes[0x16] & 1) != 0; }
};

// By their offsets on the volume.
using Snapshot = std::map<uint64_t, Structure>;

// REQUIRES: clusters of 4096 bytes, records of 1024, index blocks of 4096, as mkntfs makes them.
Snapshot take_snapshot(const ImageFile& image, uint64_t volume_offset);

// Puts fixups in, as they are on the disk.
void protect(MutableBytes structure, uint16_t check_value);

}  // namespace mend::brokenpc
