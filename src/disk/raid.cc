// SPDX-License-Identifier: GPL-3.0-or-later
#include "disk/raid.h"

#include <fmt/format.h>

#include <cctype>

namespace mend::disk {
namespace {

constexpr std::string_view kIntel = "Intel Raid ISM Cfg Sig. ";
constexpr uint32_t kDdfMagic = 0xde11de11;
constexpr uint64_t kDdfRevision = 32;  // "01.02.00"
constexpr uint32_t kMdMagic = 0xa92b4efc;
constexpr uint64_t kMdReserved = 64 * 1024;
constexpr uint64_t kMd1SuperOffset = 0x98;  // u64, in 512-byte sectors: where this superblock stands

uint32_t swap_bytes(uint32_t value) {
  return value >> 24 | (value >> 8 & 0xff00) | (value << 8 & 0xff0000) | value << 24;
}

// The region, read only where it exists.
struct Region {
  block::BlockReader& reader;
  uint64_t begin;
  uint64_t size;

  ByteVector read(uint64_t offset, uint64_t length) const {
    return fits(offset, length, size) ? reader.read_bytes(begin + offset, length) : ByteVector(length);
  }
  ByteVector read_from_end(uint64_t distance, uint64_t length) const {
    return distance <= size ? read(size - distance, length) : ByteVector(length);
  }
};

std::optional<uint64_t> find_intel(const Region& region) {
  // Two sectors before the end; the sector may be the drive's real one, whatever the adapter shows.
  for (const uint64_t sector : {uint64_t{512}, uint64_t{4096}}) {
    const uint64_t end = region.size - region.size % sector;
    if (end < 2 * sector) continue;
    if (as_text(region.read(end - 2 * sector, kIntel.size())) == kIntel) return end - 2 * sector;
  }
  return std::nullopt;
}

std::optional<uint64_t> find_ddf(const Region& region) {
  // The anchor is in the last sector; some controllers keep it 257 sectors before the end.
  for (const auto& [sector, distance] : {std::pair<uint64_t, uint64_t>{512, 1}, {4096, 1}, {512, 257}}) {
    const uint64_t end = region.size - region.size % sector;
    if (end < distance * sector) continue;
    const uint64_t offset = end - distance * sector;
    const ByteVector anchor = region.read(offset, 64);
    const uint32_t magic = read_le<uint32_t>(anchor, 0);  // either byte order is in use
    const bool revision = std::isdigit(anchor[kDdfRevision]) != 0 &&
                          std::isdigit(anchor[kDdfRevision + 1]) != 0 && anchor[kDdfRevision + 2] == '.';
    if ((magic == kDdfMagic || swap_bytes(magic) == kDdfMagic) && revision) return offset;
  }
  return std::nullopt;
}

std::optional<uint64_t> find_md090(const Region& region) {
  if (region.size < 2 * kMdReserved) return std::nullopt;
  const uint64_t offset = align_down(region.size, kMdReserved) - kMdReserved;
  const ByteVector block = region.read(offset, 16);
  uint32_t magic = read_le<uint32_t>(block, 0), major = read_le<uint32_t>(block, 4),
           minor = read_le<uint32_t>(block, 8);
  if (magic != kMdMagic) magic = swap_bytes(magic), major = swap_bytes(major), minor = swap_bytes(minor);
  if (magic == kMdMagic && major == 0 && minor >= 90 && minor < 100) return offset;
  return std::nullopt;
}

// `block`: what stands at `offset`, which the superblock repeats.
bool is_md1(Bytes block, uint64_t offset) {
  return block.size() >= 256 && read_le<uint32_t>(block, 0) == kMdMagic && read_le<uint32_t>(block, 4) == 1 &&
         read_le<uint64_t>(block, kMd1SuperOffset) == offset / 512;
}

std::optional<uint64_t> find_md10(const Region& region) {
  if (region.size < 64 * 1024) return std::nullopt;
  const uint64_t offset = align_down(region.size / 512 - 16, 8) * 512;
  return is_md1(region.read(offset, 256), offset) ? std::optional(offset) : std::nullopt;
}

std::string md_kind(std::string_view version) {
  return fmt::format("Linux software RAID (md {})", version);
}

}  // namespace

std::optional<RaidSignature> find_md_at_end(block::BlockReader& reader, uint64_t begin, uint64_t size_bytes) {
  const Region region{reader, begin, size_bytes};
  if (const auto at = find_md10(region)) return RaidSignature{md_kind("1.0"), *at};
  if (const auto at = find_md090(region)) return RaidSignature{md_kind("0.90"), *at};
  return std::nullopt;
}

std::optional<RaidSignature> find_md_at_start(Bytes start) {
  if (is_md1(start, 0)) return RaidSignature{md_kind("1.1"), 0};
  if (start.size() > 4096 && is_md1(start.subspan(4096), 4096)) return RaidSignature{md_kind("1.2"), 4096};
  return std::nullopt;
}

std::optional<RaidSignature> find_raid(block::BlockReader& reader, uint64_t begin, uint64_t size_bytes) {
  const Region region{reader, begin, size_bytes};
  if (const auto at = find_intel(region))
    return RaidSignature{"Intel Rapid Storage (RST: RAID, or a disk that Optane memory caches)", *at};
  if (const auto at = find_ddf(region)) return RaidSignature{"DDF, a RAID controller's format", *at};
  if (const auto md = find_md_at_start(region.read(0, 8192))) return md;
  return find_md_at_end(reader, begin, size_bytes);
}

std::string raid_reason(const std::string& kind) {
  return fmt::format(
      "it is a member of an array: {}. Writing to one member alone would damage the array, so nothing is "
      "changed. "
      "Start Windows' own recovery environment (it has the array's driver) and make the repair there; or, if "
      "the "
      "disk was taken out of an array for good, copy it to a plain disk and repair the copy",
      kind);
}

}  // namespace mend::disk
