// SPDX-License-Identifier: GPL-3.0-or-later
// Offsets, codes and sizes of the FVE structures on the disk, as FORMAT.md explains them. Private to this
// folder. All integers are little-endian. The structures are read field by field from a checked buffer, never
// mapped.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/guid.h"

namespace mend::bitlocker::fve {

inline constexpr std::string_view kSignature = "-FVE-FS-";
inline constexpr std::string_view kToGoSignature = "MSWIN4.1";
inline constexpr std::string_view kNtfsSignature = "NTFS    ";
inline constexpr std::array<uint8_t, 3> kVistaBootCode = {0xEB, 0x52, 0x90};
inline constexpr std::array<uint8_t, 3> kBootCode = {0xEB, 0x58, 0x90};
// 4967d63b-2e29-4ad8-8399-f6a339e3d001: an encrypted volume.
inline constexpr Guid kHeaderGuid{
    {0x3B, 0xD6, 0x67, 0x49, 0x29, 0x2E, 0xD8, 0x4A, 0x83, 0x99, 0xF6, 0xA3, 0x39, 0xE3, 0xD0, 0x01}};
// 92a84d3b-dd80-4d0e-9e4e-b1e3284eaed8: encrypt on write, whatever the state in the metadata says.
inline constexpr Guid kEncryptOnWriteHeaderGuid{
    {0x3B, 0x4D, 0xA8, 0x92, 0x80, 0xDD, 0x0E, 0x4D, 0x9E, 0x4E, 0xB1, 0xE3, 0x28, 0x4E, 0xAE, 0xD8}};

// First sector of the volume.
namespace boot {
inline constexpr size_t kBytes = 512;
inline constexpr size_t kBootCode = 0x00;           // 3 bytes
inline constexpr size_t kSignature = 0x03;          // 8 bytes
inline constexpr size_t kSectorBytes = 0x0B;        // u16
inline constexpr size_t kSectorsPerCluster = 0x0D;  // u8, version 1 only
inline constexpr size_t kTotalSectors = 0x28;       // u64, version 1 only
inline constexpr size_t kVistaBlockCluster = 0x38;  // u64, where NTFS names the cluster of $MFTMirr
inline constexpr size_t kHeaderGuid = 0xA0;         // then three u64: offsets of the metadata blocks
inline constexpr size_t kToGoHeaderGuid = 0x1A8;    // the same in the To-Go layout
}  // namespace boot

// Metadata block: header of 64 bytes, metadata header of 48, entries.
namespace block {
inline constexpr size_t kSignature = 0x00;           // 8 bytes
inline constexpr size_t kSize = 0x08;                // u16: bytes in version 1, units of 16 in version 2
inline constexpr size_t kVersion = 0x0A;             // u16: 1 or 2
inline constexpr size_t kState = 0x0C;               // u16: State
inline constexpr size_t kNextState = 0x0E;           // u16: State
inline constexpr size_t kEncryptedBytes = 0x10;      // u64, version 2
inline constexpr size_t kConversionBytes = 0x18;     // u32, version 2
inline constexpr size_t kMovedHeaderSectors = 0x1C;  // u32, version 2
inline constexpr size_t kOffsets = 0x20;             // 3 × u64
inline constexpr size_t kMovedHeaderOffset = 0x38;   // u64, version 2
inline constexpr size_t kMftMirrorCluster = 0x38;    // u64, version 1
inline constexpr size_t kMetadata = 0x40;            // metadata header
inline constexpr size_t kMetadataSize = 0x40;        // u32, from here to the end of the entries
inline constexpr size_t kMetadataVersion = 0x44;     // u32: 1
inline constexpr size_t kMetadataHeaderSize = 0x48;  // u32: 48
inline constexpr size_t kMetadataSizeCopy = 0x4C;    // u32
inline constexpr size_t kVolumeGuid = 0x50;          // 16 bytes
inline constexpr size_t kMethod = 0x64;              // u32, the low 16 bits count
inline constexpr size_t kCreated = 0x68;             // FILETIME
inline constexpr size_t kEntries = 0x70;
inline constexpr uint32_t kMetadataHeaderBytes = 48;
// Validation block, right after the block.
inline constexpr size_t kValidationCrc = 0x04;  // u32 over the block
inline constexpr size_t kValidationEntry =
    0x08;  // version 2: an AES-CCM entry, the SHA-256 sealed with the VMK
inline constexpr size_t kValidationBytesVersion1 = 8;
inline constexpr size_t kValidationBytesVersion2 = 8 + 80;
}  // namespace block

// What the file system sets aside for a block.
inline constexpr uint64_t kRegionBytes = 0x10000;
inline constexpr uint64_t kVistaRegionBytes = 0x4000;  // rounded up to whole clusters
// Version 1: sectors at the start of the volume that are not encrypted.
inline constexpr uint64_t kVistaClearSectors = 16;

enum State : uint16_t {
  kNoState = 0,
  kDecrypted = 1,
  kConverting = 2,
  kEncryptOnWrite = 3,
  kEncrypted = 4,
  kConversionPaused = 5,
};

// Entry: header of 8 bytes, then data that its value type describes.
namespace entry {
inline constexpr size_t kHeaderBytes = 8;
inline constexpr size_t kSize = 0, kType = 2, kValue = 4;  // u16 each
enum Type : uint16_t {
  kProperty = 0x0000,
  kVmk = 0x0002,
  kFvek = 0x0003,
  kStartupKey = 0x0006,
  kDescription = 0x0007,
  kMovedHeader = 0x000F,
  kVolumeGuidType = 0x0019,
};
enum Value : uint16_t {
  kKey = 0x0001,            // u32 method, key
  kText = 0x0002,           // UTF-16, zero-terminated
  kStretchKey = 0x0003,     // u32 method, salt of 16 bytes, nested entries
  kSealedKey = 0x0005,      // nonce of 12, tag of 16, ciphertext
  kVmkValue = 0x0008,       // GUID, FILETIME, u16, u16 protection, properties
  kExternalKey = 0x0009,    // GUID, FILETIME, properties
  kOffsetAndSize = 0x000F,  // u64 offset, u64 size, more
  kGuid = 0x0017,           // 16 bytes
};
inline constexpr size_t kKeyData = 4;
inline constexpr size_t kSalt = 4;
inline constexpr size_t kVmkProtection = 26, kVmkProperties = 28;
inline constexpr size_t kExternalProperties = 24;
}  // namespace entry

// An opened AES-CCM key is itself an entry of value kKey: header of 8 bytes, u32 method, key.
inline constexpr size_t kOpenedKeyData = 12;

}  // namespace mend::bitlocker::fve
