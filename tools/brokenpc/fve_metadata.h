// SPDX-License-Identifier: GPL-3.0-or-later
// The FVE metadata of a BitLocker volume, version 2 (Windows 7 and later): protectors, keys, the three blocks
// with their checksum and sealed hash. Layout as libbde documents it and as volumes made by Windows have it.
#pragma once

#include <array>

#include "tools/brokenpc/brokenpc.h"
#include "tools/brokenpc/random.h"

namespace mend::brokenpc {

constexpr uint64_t kMetadataBytes = 65536;
constexpr uint64_t kVolumeHeaderBytes = 8192;

// 48 digits in groups of six. kUsage naming the group that is none; never quotes it.
ByteVector parse_recovery_password(std::string_view text);  // 16 bytes
std::string format_recovery_password(Bytes words);

struct FveLayout {
  uint64_t volume_bytes = 0;
  uint32_t sector_bytes = 512;
  std::array<uint64_t, 3> metadata_offsets{};
  uint64_t header_offset = 0;
};

struct Fve {
  ByteVector volume_key;
  ByteVector block;  // kMetadataBytes, the same for all three places
  std::vector<Protector> protectors;
  Guid volume_guid;
  std::string description;
  ByteVector startup_key_file;
};

// Makes keys, protectors and metadata. `time` is a FILETIME.
Fve make_fve(const Options& options, const FveLayout& layout, const std::string& description, uint64_t time,
             Random& random);

// The first sector of the volume, which tells that it is BitLocker's and where the metadata lie.
ByteVector make_fve_boot_sector(const FveLayout& layout, uint32_t cluster_bytes, uint64_t partition_offset);

}  // namespace mend::brokenpc
