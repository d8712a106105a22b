// SPDX-License-Identifier: GPL-3.0-or-later
// Small types that every part of the NTFS readers, and their users, speak. Layouts and their
// sources: FORMAT.md.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace mend::ntfs {

// A file: its MFT record and the sequence number that tells a reused record from the old one.
struct MftReference {
  uint64_t record = 0;  // 48 bits on disk
  uint16_t sequence = 0;

  static constexpr MftReference unpack(uint64_t packed) {
    return {packed & 0xffffffffffffULL, static_cast<uint16_t>(packed >> 48)};
  }
  constexpr uint64_t pack() const { return record | (uint64_t{sequence} << 48); }
  auto operator<=>(const MftReference&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

// Records of the system files.
namespace system_record {
inline constexpr uint64_t kMft = 0, kMftMirror = 1, kLogFile = 2, kVolume = 3, kAttrDef = 4, kRoot = 5,
                          kBitmap = 6, kBoot = 7, kBadClus = 8, kSecure = 9, kUpCase = 10, kExtend = 11;
inline constexpr uint64_t kFirstUser = 16;
}  // namespace system_record
// The root directory's sequence number is always its record number.
inline constexpr MftReference kRootDirectory{system_record::kRoot, 5};

enum class AttributeType : uint32_t {
  kStandardInformation = 0x10,
  kAttributeList = 0x20,
  kFileName = 0x30,
  kObjectId = 0x40,
  kSecurityDescriptor = 0x50,
  kVolumeName = 0x60,
  kVolumeInformation = 0x70,
  kData = 0x80,
  kIndexRoot = 0x90,
  kIndexAllocation = 0xa0,
  kBitmap = 0xb0,
  kReparsePoint = 0xc0,
  kEaInformation = 0xd0,
  kEa = 0xe0,
  kPropertySet = 0xf0,
  kLoggedUtilityStream = 0x100,
  kEnd = 0xffffffff,
};

enum class NameSpace : uint8_t { kPosix = 0, kWin32 = 1, kDos = 2, kWin32AndDos = 3 };

// File attribute flags of $STANDARD_INFORMATION and $FILE_NAME.
namespace file_attribute {
inline constexpr uint32_t kReadOnly = 0x1, kHidden = 0x2, kSystem = 0x4, kSparse = 0x200,
                          kReparsePoint = 0x400, kCompressed = 0x800, kEncrypted = 0x4000,
                          kDirectory = 0x10000000;
}

inline constexpr uint32_t kReparseTagWof = 0x80000017;  // CompactOS: content lies compressed in a stream
inline constexpr uint32_t kReparseTagMountPoint = 0xa0000003;
inline constexpr uint32_t kReparseTagSymlink = 0xa000000c;

// Bytes of the volume: [offset, offset + length).
struct Range {
  uint64_t offset = 0;
  uint64_t length = 0;
  auto operator<=>(const Range&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

// Clusters of an attribute that lie together: [vcn, vcn + length) is at [lcn, lcn + length), or is a hole.
struct Run {
  static constexpr uint64_t kHole = UINT64_MAX;
  uint64_t vcn = 0;
  uint64_t length = 0;
  uint64_t lcn = kHole;

  bool is_hole() const { return lcn == kHole; }
  uint64_t end_vcn() const { return vcn + length; }
  auto operator<=>(const Run&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
};
using RunList = std::vector<Run>;

}  // namespace mend::ntfs
