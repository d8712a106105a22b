// SPDX-License-Identifier: GPL-3.0-or-later
// Partition tables, whole and damaged.
#include <random>

#include "base/error.h"
#include "disk/disk.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"
#include "tests/support/skip.h"
#include "tests/unit/disk/image_builder.h"

using namespace mend;
using namespace mend::test;
using disk::Content;
using disk::Table;

namespace {

disk::Disk inspect_bytes(ByteVector bytes, uint32_t sector = 512) {
  MemoryDevice device(std::move(bytes), sector);
  return disk::inspect_reader(device, false);
}

// The id of the error that inspecting the bytes gives; "" for none.
std::string error_id(ByteVector bytes) {
  try {
    inspect_bytes(std::move(bytes));
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kCorrupt);
    return error.id();
  }
  return "";
}

void require_windows_disk(const disk::Disk& disk, const GptBuilder& gpt) {
  REQUIRE(disk.table == Table::kGpt);
  REQUIRE(disk.identity.sector_bytes == gpt.sector);
  REQUIRE(disk.identity.disk_guid == gpt.disk_guid);
  REQUIRE(disk.partitions.size() == gpt.entries.size());
  for (size_t i = 0; i < gpt.entries.size(); ++i) {
    const disk::Partition& partition = disk.partitions[i];
    REQUIRE(partition.number == i + 1);
    REQUIRE(partition.offset == gpt.entries[i].first * gpt.sector);
    REQUIRE(partition.size_bytes == (gpt.entries[i].last - gpt.entries[i].first + 1) * gpt.sector);
    REQUIRE(partition.type_guid == make_guid(gpt.entries[i].type));
    REQUIRE(partition.partition_guid == GptBuilder::partition_guid(i));
    REQUIRE(partition.name == gpt.entries[i].name);
    REQUIRE(!partition.unsupported_reason);
  }
}

}  // namespace

TEST_CASE("A GPT is read with either sector size, which an image file does not tell", "[disk]") {
  for (const uint32_t sector : {512u, 4096u}) {
    const GptBuilder gpt = windows_gpt(sector);
    const disk::Disk disk = inspect_bytes(gpt.build());
    require_windows_disk(disk, gpt);
    CHECK(!disk.backup_table_used);
    CHECK(!disk.unsupported_reason);
  }
}

TEST_CASE("Tables that sfdisk and sgdisk wrote are read as they were asked for", "[disk]") {
  if (!need_program("sfdisk") || !need_program("sgdisk")) return;
  TempImage image(64 << 20);
  image.run(
      "printf 'label: gpt\\nlabel-id: 01234567-89AB-CDEF-0123-456789ABCDEF\\n"
      "start=2048, size=20480, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=\"EFI\"\\n"
      "start=22528, size=65536, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, name=\"Windows\", "
      "uuid=DEADBEEF-0000-1111-2222-333344445555\\n' | sfdisk {}");
  auto device = block::FileDevice::open(image.path(), block::Access::kRead);
  disk::Disk found = disk::inspect(*device);
  REQUIRE(found.table == Table::kGpt);
  CHECK(found.identity.path == image.path());
  CHECK(found.identity.serial.empty());
  CHECK(found.identity.size_bytes == 64 << 20);
  CHECK(found.identity.disk_guid == make_guid("01234567-89ab-cdef-0123-456789abcdef"));
  REQUIRE(found.partitions.size() == 2);
  CHECK(found.partitions[1].offset == 22528 * 512);
  CHECK(found.partitions[1].size_bytes == 65536 * 512);
  CHECK(found.partitions[1].name == "Windows");
  CHECK(found.partitions[1].partition_guid == make_guid("deadbeef-0000-1111-2222-333344445555"));
  device.reset();

  image.run("sgdisk --zap-all {}; sgdisk -n 3:8192:16383 -t 3:0700 -c 3:'Daten' {}");
  device = block::FileDevice::open(image.path(), block::Access::kRead);
  found = disk::inspect(*device);
  REQUIRE(found.partitions.size() == 1);
  CHECK(found.partitions[0].number == 3);
  CHECK(found.partitions[0].offset == 8192 * 512);
  CHECK(found.partitions[0].name == "Daten");
}

TEST_CASE("An image's sector size is set in the device that goes on to be used", "[disk]") {
  TempImage image(windows_gpt(4096, 1024).build());
  const auto device = block::FileDevice::open(image.path(), block::Access::kRead);
  CHECK(device->sector_bytes() == 512);
  require_windows_disk(disk::inspect(*device), windows_gpt(4096, 1024));
  CHECK(device->sector_bytes() == 4096);
  CHECK(device->physical_block_bytes() == 4096);
}

TEST_CASE("The backup table is used where the primary is damaged", "[disk]") {
  for (const uint32_t sector : {512u, 4096u}) {
    const GptBuilder gpt = windows_gpt(sector);
    SECTION("first sectors overwritten, protective MBR included, sector " + std::to_string(sector)) {
      ByteVector bytes = gpt.build();
      std::fill_n(bytes.begin(), 6 * sector, uint8_t{0});
      const disk::Disk disk = inspect_bytes(bytes);
      require_windows_disk(disk, gpt);
      CHECK(disk.backup_table_used);
    }
    SECTION("entries damaged, sector " + std::to_string(sector)) {
      ByteVector bytes = gpt.build();
      bytes[2 * sector + 300] ^= 1;
      const disk::Disk disk = inspect_bytes(bytes);
      require_windows_disk(disk, gpt);
      CHECK(disk.backup_table_used);
    }
  }
}

TEST_CASE("K-1: no flipped bit of a GPT changes what is found; without its twin it is an error", "[disk]") {
  const GptBuilder both = windows_gpt();
  GptBuilder alone = both;
  alone.with_backup = false;
  const ByteVector with_backup = both.build(), without = alone.build();
  // The header's 92 bytes, and the four entries in use with some that are not.
  for (uint64_t at = 512; at < 1024 + 5 * 128; ++at) {
    const bool covered = at < 512 + 92 || at >= 1024;
    for (unsigned bit = 0; bit < 8; bit += (at < 604 ? 1 : 3)) {
      INFO("byte " << at << " bit " << bit);
      ByteVector bytes = with_backup;
      bytes[at] = static_cast<uint8_t>(bytes[at] ^ (1U << bit));
      const disk::Disk disk = inspect_bytes(bytes);
      require_windows_disk(disk, both);
      CHECK(disk.backup_table_used == covered);
      bytes = without;
      bytes[at] = static_cast<uint8_t>(bytes[at] ^ (1U << bit));
      CHECK(error_id(bytes) == (covered ? "disk.gpt.damaged" : ""));
    }
  }
}

TEST_CASE("A disk cut short at any length gives an error or what is certainly there", "[disk]") {
  const GptBuilder gpt = windows_gpt(512, 256 * 2);
  const ByteVector whole = gpt.build();
  for (uint64_t length = 1; length < whole.size(); length += length < 20000 ? 13 : 509) {
    INFO("length " << length);
    const std::string id =
        error_id(ByteVector(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)));
    // Under 512 bytes there is not even a protective MBR to say that a table was there.
    CHECK(id == (length < 512 ? "" : length < 1024 + 16384 ? "disk.gpt.damaged" : "disk.gpt.past-end"));
  }
}

TEST_CASE("A GPT that points past the end of the disk is an error that says so", "[disk]") {
  GptBuilder gpt = windows_gpt();
  SECTION("a partition") {
    gpt.entries[3].last = gpt.sectors;
  }
  SECTION("a partition, as far as numbers go") {
    gpt.entries[3].last = UINT64_MAX;
  }
  SECTION("the usable area") {
    gpt.last_usable = gpt.sectors + 5;
  }
  CHECK(error_id(gpt.build()) == "disk.gpt.past-end");
}

TEST_CASE("GPT entries that contradict their table are errors", "[disk]") {
  GptBuilder gpt = windows_gpt();
  SECTION("ends before it begins") {
    gpt.entries[2].last = gpt.entries[2].first - 1;
    CHECK(error_id(gpt.build()) == "disk.gpt.entry");
  }
  SECTION("lies over the table") {
    gpt.entries[0].first = 2;
    CHECK(error_id(gpt.build()) == "disk.gpt.entry");
  }
  SECTION("lies behind the usable area") {
    gpt.entries[3].last = gpt.sectors - 2;
    CHECK(error_id(gpt.build()) == "disk.gpt.entry");
  }
  SECTION("two over each other") {
    gpt.entries[1].last = gpt.entries[2].first;
    CHECK(error_id(gpt.build()) == "disk.table.overlap");
  }
  SECTION("one inside another") {
    gpt.entries[3] = {kBasicType, 200, 210, ""};
    CHECK(error_id(gpt.build()) == "disk.table.overlap");
  }
}

TEST_CASE("Silly counts and sizes of entries are errors, however right their checksum", "[disk]") {
  GptBuilder gpt = windows_gpt();
  using Silly = std::pair<uint32_t, uint32_t>;
  for (const auto& [count, bytes] : {Silly{0, 128},
                                     {128, 0},
                                     {UINT32_MAX, 128},
                                     {128, UINT32_MAX},
                                     {128, 130},
                                     {128, 64},
                                     {UINT32_MAX, UINT32_MAX},
                                     {8193, 128},
                                     {128, 8192}}) {
    INFO(count << " entries of " << bytes);
    gpt.count = count;
    gpt.entry_bytes = bytes;
    CHECK(error_id(gpt.build()) == "disk.gpt.damaged");
  }
  gpt.count = 16;  // few, and larger than usual, is allowed
  gpt.entry_bytes = 128;
  require_windows_disk(inspect_bytes(gpt.build()), gpt);
}

TEST_CASE("An MBR with logical partitions is read as sfdisk wrote it", "[disk]") {
  if (!need_program("sfdisk")) return;
  TempImage image(64 << 20);
  image.run(
      "printf 'label: dos\\nlabel-id: 0xdeadbeef\\nstart=2048, size=8192, type=7, bootable\\n"
      "start=10240, size=8192, type=27\\nstart=20480, size=90000, type=f\\n"
      "start=22528, size=10240, type=7\\nstart=34816, size=4096, type=7\\nstart=40960, size=2048, type=c\\n'"
      " | sfdisk {}");
  const disk::Disk disk = inspect_bytes(image.bytes());
  REQUIRE(disk.table == Table::kMbr);
  CHECK(disk.identity.mbr_signature == 0xdeadbeef);
  CHECK(!disk.identity.disk_guid);
  std::vector<std::array<uint64_t, 4>> found;
  for (const disk::Partition& partition : disk.partitions) {
    found.push_back(
        {partition.number, partition.offset / 512, partition.size_bytes / 512, partition.mbr_type});
  }
  CHECK(found == std::vector<std::array<uint64_t, 4>>{{1, 2048, 8192, 7},
                                                      {2, 10240, 8192, 0x27},
                                                      {5, 22528, 10240, 7},
                                                      {6, 34816, 4096, 7},
                                                      {7, 40960, 2048, 0xc}});
  CHECK(disk.partitions[0].active);
  CHECK(!disk.partitions[1].active);
}

TEST_CASE("M-1: a chain of logical partitions ends, whatever it says", "[disk]") {
  ByteVector bytes(8 << 20);
  put_mbr_entry(bytes, 0, 0, 0x0f, 100, 16000);
  const auto link = [&](uint64_t at, uint32_t first, uint32_t next) {
    put_mbr_entry(bytes, (100 + at) * 512, 0, 7, first, 4);
    if (next != 0) put_mbr_entry(bytes, (100 + at) * 512, 1, 5, next, 16);
  };
  SECTION("a circle") {
    link(0, 1, 16), link(16, 1, 32), link(32, 1, 16);
    CHECK(error_id(bytes) == "disk.mbr.chain");
  }
  SECTION("onto itself") {
    link(0, 1, 0);
    put_mbr_entry(bytes, 100 * 512, 1, 5, 0, 16);
    put_mbr_entry(bytes, 100 * 512, 1, 5, 0, 16);
    CHECK(error_id(bytes) == "disk.mbr.chain");
  }
  SECTION("129 links") {
    for (uint32_t i = 0; i < 129; ++i) link(i * 16, 1, i == 128 ? 0 : (i + 1) * 16);
    CHECK(error_id(bytes) == "disk.mbr.chain");
  }
  SECTION("128 links") {
    for (uint32_t i = 0; i < 128; ++i) link(i * 16, 1, i == 127 ? 0 : (i + 1) * 16);
    CHECK(inspect_bytes(bytes).partitions.size() == 128);
  }
  SECTION("a link out of the extended partition") {
    link(0, 1, 16000);
    CHECK(error_id(bytes) == "disk.mbr.chain");
  }
  SECTION("a partition out of the extended partition") {
    link(0, 15999, 0);
    CHECK(error_id(bytes) == "disk.mbr.chain");
  }
  SECTION("a link to a sector that is none") {
    link(0, 1, 16);
    CHECK(error_id(bytes) == "disk.mbr.chain");
  }
  SECTION("never divided") {
    CHECK(inspect_bytes(bytes).partitions.empty());
  }
  SECTION("two logical partitions over each other") {
    link(0, 1, 2), link(2, 1, 0);
    CHECK(error_id(bytes) == "disk.table.overlap");
  }
}

TEST_CASE("MBR partitions past the end, or over each other, are errors", "[disk]") {
  ByteVector bytes(1 << 20);
  SECTION("past the end") {
    put_mbr_entry(bytes, 0, 0, 7, 64, 2048);
    CHECK(error_id(bytes) == "disk.mbr.past-end");
  }
  SECTION("as far as numbers go") {
    put_mbr_entry(bytes, 0, 0, 7, UINT32_MAX, UINT32_MAX);
    CHECK(error_id(bytes) == "disk.mbr.past-end");
  }
  SECTION("over the MBR itself") {
    put_mbr_entry(bytes, 0, 0, 7, 0, 64);
    CHECK(error_id(bytes) == "disk.mbr.past-end");
  }
  SECTION("over each other") {
    put_mbr_entry(bytes, 0, 0, 7, 64, 64);
    put_mbr_entry(bytes, 0, 1, 7, 127, 64);
    CHECK(error_id(bytes) == "disk.table.overlap");
  }
  SECTION("a primary one over the extended one") {
    put_mbr_entry(bytes, 0, 0, 5, 64, 64);
    put_mbr_entry(bytes, 0, 1, 7, 127, 64);
    CHECK(error_id(bytes) == "disk.table.overlap");
  }
}

TEST_CASE("An MBR of a disk with 4096-byte sectors counts in those", "[disk]") {
  ByteVector bytes(8 << 20);
  put_mbr_entry(bytes, 0, 0, 7, 256, 512);
  put(bytes, 256 * 4096, ntfs_boot_sector(4096));
  const disk::Disk disk = inspect_bytes(bytes);
  CHECK(disk.identity.sector_bytes == 4096);
  REQUIRE(disk.partitions.size() == 1);
  CHECK(disk.partitions[0].offset == 256 * 4096);
  CHECK(disk.partitions[0].content == Content::kNtfs);
}

TEST_CASE("A hybrid MBR is taken only where it agrees with the GPT", "[disk]") {
  const GptBuilder gpt = windows_gpt();
  ByteVector bytes = gpt.build();
  const auto& windows = gpt.entries[2];
  put_mbr_entry(bytes, 0, 1, 7, static_cast<uint32_t>(windows.first),
                static_cast<uint32_t>(windows.last - windows.first + 1));
  require_windows_disk(inspect_bytes(bytes), gpt);
  put_mbr_entry(bytes, 0, 1, 7, static_cast<uint32_t>(windows.first), 17);
  CHECK(error_id(bytes) == "disk.table.hybrid");
}

TEST_CASE("A disk changed to an MBR is read by it, though its old GPT is still whole", "[disk]") {
  ByteVector bytes = windows_gpt().build();
  std::fill_n(bytes.begin(), 512, uint8_t{0});
  put_mbr_entry(bytes, 0, 0, 7, 1000, 500);
  const disk::Disk disk = inspect_bytes(bytes);
  CHECK(disk.table == Table::kMbr);
  REQUIRE(disk.partitions.size() == 1);
  CHECK(disk.partitions[0].offset == 1000 * 512);
}

TEST_CASE("Random disks and random tables give an error or an answer", "[disk]") {
  std::mt19937 random(20240719);
  for (int round = 0; round < 300; ++round) {
    ByteVector bytes(round % 3 == 0 ? 4096 + random() % 4096 : 128 * 1024);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    if (round % 3 == 1 && bytes.size() > 512) {  // an MBR with random entries
      std::fill_n(bytes.begin(), 512, uint8_t{0});
      for (size_t i = 0; i < 4; ++i) {
        put_mbr_entry(bytes, 0, i, static_cast<uint8_t>(random() % 8 == 0 ? 5 : 7),
                      static_cast<uint32_t>(random() % 300), static_cast<uint32_t>(random() % 300));
      }
    }
    try {
      for (const disk::Partition& partition : inspect_bytes(bytes).partitions) {
        CHECK(fits(partition.offset, partition.size_bytes, bytes.size()));
      }
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kCorrupt);
    }
  }
}
