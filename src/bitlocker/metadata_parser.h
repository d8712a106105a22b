// SPDX-License-Identifier: GPL-3.0-or-later
// From bytes to Metadata: the first sector, then one metadata block after another. Private to this folder;
// each step works on a buffer that an earlier step has checked. The order of checks is that of FORMAT.md.
#pragma once

#include "bitlocker/fve_format.h"
#include "bitlocker/metadata.h"

namespace mend::bitlocker {

// What the first sector tells.
struct BootSector {
  Layout layout = Layout::kFixed;
  uint32_t sector_bytes = 512;
  std::optional<Guid> header_guid;    // not in version 1
  std::array<uint64_t, 3> offsets{};  // of the blocks; version 1 names the first only, the others are 0
  uint64_t cluster_bytes = 0;         // version 1 only
  uint64_t vista_volume_bytes = 0;    // version 1 only
};

// Nothing when there is no signature of BitLocker. kCorrupt or kUnsupported when there is one and the rest is
// wrong.
std::optional<BootSector> parse_boot_sector(Bytes sector, uint32_t device_sector_bytes);

class MetadataParser {
 public:
  MetadataParser(const BootSector& boot, uint64_t device_bytes) : boot_(boot), device_bytes_(device_bytes) {}

  // Bytes that the file system sets aside for a block, all of which are read.
  uint64_t region_bytes() const;
  // kCorrupt when no block can lie there.
  void check_place(uint64_t offset) const;
  // `region`: region_bytes() from `offset` on, the place of copy `index`.
  // kCorrupt when the copy is not usable; kUnsupported "bitlocker.version" when its version is not known.
  Metadata parse(Bytes region, int index, uint64_t offset) const;
  // The other places, as a good block names them (all that version 1 has).
  static std::array<uint64_t, 3> offsets_in(Bytes block);

  static void set_copies(Metadata& metadata, std::vector<std::string> problems,
                         std::vector<Metadata> alternatives) {
    metadata.copy_problems_ = std::move(problems);
    metadata.alternatives_ = std::move(alternatives);
  }

 private:
  Bytes checked_block(Bytes region) const;
  void parse_header(Metadata& metadata, Bytes block) const;
  void parse_moved_header(Metadata& metadata, Bytes block) const;
  void parse_validation(Metadata& metadata, Bytes region, size_t block_bytes) const;
  void parse_entries(Metadata& metadata, Bytes block) const;
  void check_geometry(Metadata& metadata, Bytes block) const;
  void judge(Metadata& metadata, Bytes block) const;
  std::optional<Unsupported> find_obstacle(const Metadata& metadata, Bytes block) const;

  BootSector boot_;
  uint64_t device_bytes_;
};

}  // namespace mend::bitlocker
