// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/boot_sector.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "block/file_device.h"
#include "ntfs/check.h"
#include "tests/support/catch.h"
#include "tests/support/memory_device.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/ntfs/builder.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

constexpr uint64_t kMiB = 1 << 20;

// A boot sector as the specification has it: 512-byte sectors, 8 to a cluster, 1 KiB records, 4 KiB index
// blocks.
ByteVector boot_sector(uint64_t sectors) {
  ByteVector sector(512, 0);
  const std::string_view signature = "NTFS    ";
  std::copy(signature.begin(), signature.end(), sector.begin() + 3);
  write_le<uint16_t>(sector, 0x0b, 512);
  sector[0x0d] = 8;
  write_le<uint64_t>(sector, 0x28, sectors);
  write_le<uint64_t>(sector, 0x30, 4);
  write_le<uint64_t>(sector, 0x38, sectors / 16);
  sector[0x40] = 0xf6;  // 2^10 bytes
  sector[0x44] = 1;     // clusters
  write_le<uint64_t>(sector, 0x48, 0x1122334455667788);
  write_le<uint16_t>(sector, 0x1fe, 0xaa55);
  return sector;
}

// NB-1
void check_whole(const Geometry& geometry, uint64_t device_bytes) {
  const bool whole = is_power_of_two(geometry.cluster_bytes) && geometry.cluster_bytes <= 2 * kMiB &&
                     is_power_of_two(geometry.record_bytes) && geometry.record_bytes >= 512 &&
                     is_power_of_two(geometry.index_block_bytes) && geometry.index_block_bytes >= 512 &&
                     geometry.record_bytes <= 65536 && geometry.index_block_bytes <= 65536 &&
                     geometry.volume_bytes() <= device_bytes && geometry.mft_lcn < geometry.cluster_count &&
                     geometry.mirror_lcn < geometry.cluster_count;
  if (!whole) FAIL("a geometry that makes no sense was let through");
}

}  // namespace

TEST_CASE("A boot sector tells the sizes of the volume", "[ntfs]") {
  const Geometry geometry = parse_boot_sector(boot_sector(32767), 16 * kMiB);
  CHECK(geometry.sector_bytes == 512);
  CHECK(geometry.cluster_bytes == 4096);
  CHECK(geometry.record_bytes == 1024);
  CHECK(geometry.index_block_bytes == 4096);
  CHECK(geometry.cluster_count == 4095);
  CHECK(geometry.mft_lcn == 4);
  CHECK(geometry.serial == 0x1122334455667788);
  CHECK_FALSE(geometry.from_backup);
}

TEST_CASE("Cluster sizes above 64 KiB are written as a negative power of two", "[ntfs]") {
  for (unsigned shift = 0; shift <= 12; ++shift) {
    ByteVector sector = boot_sector(uint64_t{1} << 20);
    sector[0x0d] = static_cast<uint8_t>(shift <= 7 ? 1U << shift : 0x100 - shift);
    sector[0x44] = 0xf4;
    write_le<uint64_t>(sector, 0x38, 100);
    const Geometry geometry = parse_boot_sector(sector, 512 * kMiB);
    CHECK(geometry.cluster_bytes == 512U << shift);
    sector[0x0d] = static_cast<uint8_t>(0x100 - shift);  // Windows reads both forms
    if (shift != 0) CHECK(parse_boot_sector(sector, 512 * kMiB).cluster_bytes == 512U << shift);
  }
  ByteVector sector = boot_sector(uint64_t{1} << 20);
  sector[0x0d] = 0xf3;  // 4 MiB
  CHECK(id_of_error([&] { parse_boot_sector(sector, 512 * kMiB); }) == "ntfs.boot.cluster");
  sector[0x0d] = 0;
  CHECK(id_of_error([&] { parse_boot_sector(sector, 512 * kMiB); }) == "ntfs.boot.cluster");
  sector[0x0d] = 3;
  CHECK(id_of_error([&] { parse_boot_sector(sector, 512 * kMiB); }) == "ntfs.boot.cluster");
}

TEST_CASE("NB-1: a volume that lies about its size is refused", "[ntfs]") {
  CHECK(id_of_error([] { parse_boot_sector(boot_sector(32769), 16 * kMiB); }) == "ntfs.boot.size");
  CHECK(id_of_error([] { parse_boot_sector(boot_sector(UINT64_MAX), 16 * kMiB); }) == "ntfs.boot.size");
  ByteVector sector = boot_sector(32767);
  write_le<uint64_t>(sector, 0x30, 4095);
  CHECK(id_of_error([&] { parse_boot_sector(sector, 16 * kMiB); }) == "ntfs.boot.position");
  sector = boot_sector(32767);
  write_le<uint64_t>(sector, 0x38, UINT64_MAX);
  CHECK(id_of_error([&] { parse_boot_sector(sector, 16 * kMiB); }) == "ntfs.boot.position");
}

TEST_CASE("NB-1: whatever is in a boot sector, the geometry is whole or there is none", "[ntfs]") {
  const ByteVector good = boot_sector(32767);
  const auto read = [](const ByteVector& bytes) {
    check_whole(parse_boot_sector(bytes, 16 * kMiB), 16 * kMiB);
  };
  CHECK(flip_every_bit(good, read) >= 8 * 10 + 7);  // the signature and the mark at least
  CHECK(cut_every_length(good, read) == good.size());
  // Each field through all values of its low byte, and at its extremes.
  for (size_t at : {0x0bU, 0x0cU, 0x0dU, 0x40U, 0x44U})
    for (unsigned value = 0; value < 256; ++value) {
      ByteVector sector = good;
      sector[at] = static_cast<uint8_t>(value);
      id_of_error([&] { read(sector); });
    }
}

TEST_CASE("NB-2: the copy at the volume's end steps in, and only for a damaged first sector", "[ntfs]") {
  MemoryDevice device(16 * kMiB);
  const ByteVector sector = boot_sector(32767);
  device.write(0, sector);
  ByteVector copy = sector;
  copy[0x48] = 0x99;
  device.write(16 * kMiB - 512, copy);
  CHECK(read_geometry(device).serial == 0x1122334455667788);
  CHECK_FALSE(read_geometry(device).from_backup);
  device.bytes[0x1fe] = 0;
  CHECK(read_geometry(device).serial == 0x1122334455667799);
  CHECK(read_geometry(device).from_backup);
  device.bytes[16 * kMiB - 512 + 3] = 0;
  CHECK(id_of_error([&] { read_geometry(device); }) == "ntfs.boot.mark");
}

TEST_CASE("The geometry of every shape of volume that mkntfs makes is read as it was asked for", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  for (uint32_t sector : {512U, 1024U, 2048U, 4096U})
    for (uint32_t cluster : {512U, 1024U, 4096U, 65536U}) {
      if (cluster < sector) continue;
      INFO("sector " << sector << ", cluster " << cluster);
      MemoryDevice device(format_volume({16 * kMiB, cluster, sector, ""}), sector);
      const Geometry geometry = read_geometry(device);
      CHECK(geometry.sector_bytes == sector);
      CHECK(geometry.cluster_bytes == cluster);
      CHECK(geometry.record_bytes == std::max(1024U, sector));
      CHECK(geometry.index_block_bytes == std::max(4096U, sector));
      // Its copy says the same.
      device.bytes[3] = 0;
      const Geometry from_copy = read_geometry(device);
      CHECK(from_copy.from_backup);
      CHECK(from_copy.mft_lcn == geometry.mft_lcn);
    }
}

TEST_CASE("Clusters of 2 MiB, the largest of NTFS", "[ntfs]") {
  if (!need_program("mkntfs")) return;
  TempFolder folder;
  const std::string path = folder / "volume.img";
  std::ofstream(path).close();
  std::filesystem::resize_file(path, 2048 * kMiB);  // sparse
  REQUIRE(run_program("mkntfs -q -Q -F -c 2097152 -s 512 " + path));
  const std::unique_ptr<block::FileDevice> device = block::FileDevice::open(path, block::Access::kRead);
  Volume volume(*device);
  CHECK(volume.geometry().cluster_bytes == 2097152);
  CHECK(volume.find(kRootDirectory, u"$upcase")->reference.record == system_record::kUpCase);
  CHECK(check_full(volume).clean());
}
