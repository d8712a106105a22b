// SPDX-License-Identifier: GPL-3.0-or-later
// What a partition or a whole disk holds, and what is not to be touched.
#include "base/error.h"
#include "disk/disk.h"
#include "disk/signatures.h"
#include "tests/support/fakes.h"
#include "tests/support/memory_device.h"
#include "tests/support/skip.h"
#include "tests/unit/disk/image_builder.h"

using namespace mend;
using namespace mend::test;
using disk::Content;
using disk::Table;

namespace {

disk::Disk inspect_bytes(ByteVector bytes) {
  MemoryDevice device(std::move(bytes));
  return disk::inspect_reader(device, false);
}

bool mentions(const std::optional<std::string>& text, std::string_view what) {
  return text && text->find(what) != std::string::npos;
}

constexpr uint64_t kWindowsStart = 160 * 512;  // of windows_gpt()

void put_md1(ByteVector& bytes, uint64_t offset, uint64_t super_offset_bytes) {
  write_le<uint32_t>(bytes, offset, 0xa92b4efc);
  write_le<uint32_t>(bytes, offset + 4, 1);
  write_le<uint64_t>(bytes, offset + 0x98, super_offset_bytes / 512);
}

}  // namespace

TEST_CASE("Volumes that real programs made are told apart, in a partition and bare", "[disk]") {
  if (!need_program("mkntfs") || !need_program("mkfs.vfat") || !need_program("mkfs.ext4")) return;
  struct Case {
    const char* command;
    Content content;
    const char* name;
  };
  for (const Case& one : {Case{"mkntfs -q -F -f -s 512 {}", Content::kNtfs, "ntfs"},
                          {"mkfs.vfat -F 32 {}", Content::kFat, "fat"},
                          {"mkfs.vfat -F 12 {}", Content::kFat, "fat"},
                          {"mkfs.ext4 -q -F {}", Content::kOther, "ext4"},
                          {"mkswap {}", Content::kOther, "swap"},
                          {"true", Content::kEmpty, "empty"}}) {
    INFO(one.command);
    TempImage volume(48 << 20);
    volume.run(one.command);
    const disk::Disk bare = inspect_bytes(volume.bytes());
    CHECK(bare.table == Table::kNone);
    REQUIRE(bare.partitions.size() == 1);
    CHECK(bare.partitions[0].number == 0);
    CHECK(bare.partitions[0].offset == 0);
    CHECK(bare.partitions[0].size_bytes == 48 << 20);
    CHECK(bare.partitions[0].content == one.content);
    CHECK(bare.partitions[0].content_name == one.name);
    CHECK(!bare.partitions[0].unsupported_reason);
    CHECK(!bare.unsupported_reason);

    GptBuilder gpt;
    gpt.sectors = (49 << 20) / 512;
    gpt.entries = {{kBasicType, 512, 512 + (48 << 11) - 1, "volume"}};
    ByteVector bytes = gpt.build();
    put(bytes, 512 * 512, volume.bytes());
    const disk::Disk divided = inspect_bytes(bytes);
    REQUIRE(divided.partitions.size() == 1);
    CHECK(divided.partitions[0].content == one.content);
    CHECK(divided.partitions[0].content_name == one.name);
  }
}

TEST_CASE("A bare NTFS volume with 4096-byte sectors tells its sector size", "[disk]") {
  if (!need_program("mkntfs")) return;
  TempImage volume(48 << 20);
  volume.run("mkntfs -q -F -f -s 4096 {}");
  const disk::Disk disk = inspect_bytes(volume.bytes());
  CHECK(disk.identity.sector_bytes == 4096);
  CHECK(disk.partitions[0].content == Content::kNtfs);
}

TEST_CASE("BitLocker is told by its sector 0: Windows 7 and later, Vista, To Go", "[disk]") {
  ByteVector bytes = windows_gpt().build();
  SECTION("Windows 7 and later") {
    put(bytes, kWindowsStart, from_hex("eb 58 90 2d 46 56 45 2d 46 53 2d"));
  }
  SECTION("Vista") {
    put(bytes, kWindowsStart, from_hex("eb 52 90 2d 46 56 45 2d 46 53 2d"));
  }
  SECTION("To Go, which passes for FAT") {
    put(bytes, kWindowsStart, from_hex("eb 58 90"));
    put(bytes, kWindowsStart + 3, "MSWIN4.1");
    put(bytes, kWindowsStart + 0x1a8, make_guid("4967d63b-2e29-4ad8-8399-f6a339e3d001").bytes);
  }
  CHECK(inspect_bytes(bytes).partitions[2].content == Content::kBitlocker);
}

TEST_CASE("NTFS is recognised by the copy of its boot sector where the first one is gone", "[disk]") {
  const GptBuilder gpt = windows_gpt();
  ByteVector bytes = gpt.build();
  put(bytes, gpt.entries[2].last * 512, ntfs_boot_sector());
  CHECK(inspect_bytes(bytes).partitions[2].content == Content::kNtfs);
  put(bytes, kWindowsStart, as_bytes("not a boot sector"));
  CHECK(inspect_bytes(bytes).partitions[2].content == Content::kNtfs);
}

TEST_CASE("K-2: an array's signature counts even where the GPT can be read", "[disk]") {
  const GptBuilder gpt = windows_gpt();
  ByteVector bytes = gpt.build();
  put(bytes, kWindowsStart, ntfs_boot_sector());
  const uint64_t end = bytes.size();
  std::string word;
  SECTION("Intel RST") {
    put(bytes, end - 1024, "Intel Raid ISM Cfg Sig. 1.3.00");
    word = "Intel";
  }
  SECTION("Intel RST on a drive of 4096-byte sectors") {
    put(bytes, end - 8192, "Intel Raid ISM Cfg Sig. 1.3.00");
    word = "Intel";
  }
  SECTION("DDF in the last sector, big-endian") {
    put(bytes, end - 512, from_hex("de 11 de 11"));
    put(bytes, end - 512 + 32, "01.02.00");
    word = "DDF";
  }
  SECTION("DDF 257 sectors before the end, little-endian") {
    put(bytes, end - 257 * 512, from_hex("11 de 11 de"));
    put(bytes, end - 257 * 512 + 32, "01.00.00");
    // There it lies inside the recovery partition of this disk: that partition is its own.
    const disk::Disk disk = inspect_bytes(bytes);
    CHECK(!disk.unsupported_reason);
    CHECK(mentions(disk.partitions[3].unsupported_reason, "DDF"));
    CHECK(disk.partitions[3].content == Content::kRaidMember);
    return;
  }
  SECTION("md 1.0") {
    const uint64_t at = (end / 512 - 16) / 8 * 8 * 512;
    put_md1(bytes, at, at);
    word = "md 1.0";
  }
  SECTION("md 1.2") {
    put_md1(bytes, 4096, 4096);
    word = "md 1.2";
  }
  SECTION("LSI, which libblkid knows") {
    put(bytes, end - 512, "$XIDE$");
    word = "lsi_mega_raid_member";
  }
  SECTION("nVidia, which libblkid knows") {
    put(bytes, end - 1024, "NVIDIA  ");
    word = "nvidia_raid_member";
    write_le<uint32_t>(bytes, end - 1024 + 8, 30);
    uint32_t sum = 0;
    for (uint64_t i = 0; i < 30; ++i) sum += read_le<uint32_t>(bytes, end - 1024 + i * 4);
    write_le<uint32_t>(bytes, end - 1024 + 12, 0x12345678);
    // Whatever its checksum: Debian 12's libblkid checks it, Debian 13's as well; so make it right.
    const uint32_t have = read_le<uint32_t>(bytes, end - 1024 + 12);
    write_le<uint32_t>(bytes, end - 1024 + 12, have - (sum + 0x12345678));
  }
  const disk::Disk disk = inspect_bytes(bytes);
  CHECK(disk.table == Table::kGpt);
  CHECK(disk.partitions.size() == 4);
  INFO(disk.unsupported_reason.value_or("no reason"));
  CHECK(mentions(disk.unsupported_reason, word));
  CHECK(mentions(disk.unsupported_reason, "othing is changed"));
}

TEST_CASE("K-2: md 0.90, whose mark is 64 KiB before the end, on a disk without partitions there", "[disk]") {
  GptBuilder gpt = windows_gpt();
  gpt.sectors = 8192;
  for (const bool big_endian : {false, true}) {
    ByteVector bytes = gpt.build();
    const uint64_t at = bytes.size() / 65536 * 65536 - 65536;
    put(bytes, at,
        big_endian ? from_hex("a9 2b 4e fc 00 00 00 00 00 00 00 5a")
                   : from_hex("fc 4e 2b a9 00 00 00 00 5a 00 00 00"));
    CHECK(mentions(inspect_bytes(bytes).unsupported_reason, "md 0.90"));
  }
}

TEST_CASE("K-2: an array whose member shows a table that reaches past it is named as an array", "[disk]") {
  GptBuilder gpt = windows_gpt();
  ByteVector bytes = gpt.build();
  bytes.resize(bytes.size() / 2 / 512 * 512);  // half of a striped disk
  put(bytes, bytes.size() - 1024, "Intel Raid ISM Cfg Sig. 1.3.00");
  const disk::Disk disk = inspect_bytes(bytes);
  CHECK(mentions(disk.unsupported_reason, "Intel"));
  CHECK(disk.partitions.empty());
}

TEST_CASE("An NTFS volume that is a leg of an md mirror is not taken for a plain one", "[disk]") {
  const GptBuilder gpt = windows_gpt();
  ByteVector bytes = gpt.build();
  put(bytes, kWindowsStart, ntfs_boot_sector());
  const uint64_t size = (gpt.entries[2].last + 1) * 512 - kWindowsStart;
  const uint64_t at = (size / 512 - 16) / 8 * 8 * 512;
  put_md1(bytes, kWindowsStart + at, at);
  const disk::Disk disk = inspect_bytes(bytes);
  CHECK(!disk.unsupported_reason);
  CHECK(disk.partitions[2].content == Content::kRaidMember);
  CHECK(mentions(disk.partitions[2].unsupported_reason, "md 1.0"));
}

TEST_CASE("Dynamic disks, Storage Spaces, ReFS and md partitions are unsupported, with what can be done",
          "[disk]") {
  GptBuilder gpt = windows_gpt();
  SECTION("a dynamic disk is so as a whole") {
    gpt.entries[2].type = "af9b60a0-1431-4f62-bc68-3311714a69ad";
    gpt.entries[1].type = "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3";
    const disk::Disk disk = inspect_bytes(gpt.build());
    CHECK(mentions(disk.unsupported_reason, "dynamic disk"));
    CHECK(disk.partitions[2].content == Content::kLdm);
    CHECK(mentions(disk.partitions[2].unsupported_reason, "recovery environment"));
  }
  SECTION("a dynamic disk with an MBR") {
    ByteVector bytes(1 << 20);
    put_mbr_entry(bytes, 0, 0, 0x42, 63, 1900);
    put(bytes, 63 * 512, ntfs_boot_sector());
    CHECK(mentions(inspect_bytes(bytes).unsupported_reason, "dynamic disk"));
  }
  SECTION("Storage Spaces concerns its partition") {
    gpt.entries[2].type = "e75caf8f-f680-4cee-afa3-b001e56efc2d";
    const disk::Disk disk = inspect_bytes(gpt.build());
    CHECK(!disk.unsupported_reason);
    CHECK(disk.partitions[2].content == Content::kStorageSpaces);
    CHECK(mentions(disk.partitions[2].unsupported_reason, "pool"));
    CHECK(!disk.partitions[3].unsupported_reason);
  }
  SECTION("ReFS") {
    ByteVector bytes = gpt.build();
    put(bytes, kWindowsStart, from_hex("00 00 00 52 65 46 53 00 00 00 00"));
    const disk::Disk disk = inspect_bytes(bytes);
    CHECK(disk.partitions[2].content == Content::kRefs);
    CHECK(mentions(disk.partitions[2].unsupported_reason, "ReFS"));
    CHECK(!disk.unsupported_reason);
  }
  SECTION("md, by the partition's type") {
    gpt.entries[2].type = "a19d880f-05fc-4d3b-a006-743f0f84911e";
    CHECK(inspect_bytes(gpt.build()).partitions[2].content == Content::kRaidMember);
  }
  SECTION("md 1.2 inside a partition of any type") {
    ByteVector bytes = gpt.build();
    put_md1(bytes, kWindowsStart + 4096, 4096);
    const disk::Disk disk = inspect_bytes(bytes);
    CHECK(disk.partitions[2].content == Content::kRaidMember);
  }
}

TEST_CASE("Where libblkid would call it ambivalent, every candidate is seen", "[disk]") {
  if (!need_program("mkfs.ext4") || !need_program("mkswap")) return;
  TempImage volume(48 << 20);
  volume.run("mkfs.ext4 -q -F -O ^metadata_csum {}");  // newer libblkid looks at the checksum
  ByteVector bytes = volume.bytes();
  put(bytes, 4096 - 10, "SWAPSPACE2");
  write_le<uint32_t>(bytes, 1024, 1);
  write_le<uint32_t>(bytes, 1028, 100);
  const ByteVector both(bytes.begin(), bytes.begin() + 8192);
  std::vector<std::string> types;
  for (const disk::Signature& signature : disk::find_signatures(48 << 20, 512, {{0, both}})) {
    types.push_back(signature.type);
  }
  CHECK(std::count(types.begin(), types.end(), "ext4") == 1);
  CHECK(std::count(types.begin(), types.end(), "swap") == 1);

  // An array's mark beside a file system's: the array is what counts.
  bytes = volume.bytes();
  put(bytes, 512, "LABELONE");
  write_le<uint64_t>(bytes, 512 + 8, 1);
  write_le<uint32_t>(bytes, 512 + 20, 32);
  put(bytes, 512 + 24, "LVM2 001");
  uint32_t crc = 0xf597a6cf;  // LVM2's seed and polynomial, over the label's rest
  for (uint64_t i = 512 + 20; i < 1024; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  write_le<uint32_t>(bytes, 512 + 16, crc);
  const disk::Disk disk = inspect_bytes(bytes);
  CHECK(disk.unsupported_reason.value_or("").find("LVM2_member") != std::string::npos);
}

TEST_CASE("A volume with a whole GPT in it is not guessed at", "[disk]") {
  ByteVector bytes = windows_gpt().build();
  put(bytes, 0, ntfs_boot_sector());
  try {
    inspect_bytes(bytes);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(std::string(error.id()) == "disk.table.ambiguous");
  }
}

TEST_CASE("K-3: every read that fails is an error, and there are few", "[disk]") {
  for (const bool damaged : {false, true}) {
    ByteVector bytes = windows_gpt(512, 200000).build();
    if (damaged) bytes[512 + 20] ^= 1;
    put(bytes, kWindowsStart, ntfs_boot_sector());
    MemoryDevice memory(bytes);
    RecordingDevice recorder(memory);
    REQUIRE(disk::inspect_reader(recorder, false).partitions.size() == 4);
    uint64_t read_bytes = 0;
    for (const auto& event : recorder.events) read_bytes += event.length;
    CHECK(recorder.events.size() <= 20);
    CHECK(read_bytes <= 128 * 1024);
    for (uint64_t nth = 0; nth < recorder.events.size(); ++nth) {
      INFO("read " << nth);
      FailingDevice failing(memory);
      failing.fail_read = nth;
      failing.for_good = false;
      try {
        disk::inspect_reader(failing, false);
        FAIL("a failing read was swallowed");
      } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::kIo);
        CHECK(std::string(error.id()) == "test.fail.read");
      }
    }
  }
}

TEST_CASE("A table written for another sector size than the device shows is unsupported", "[disk]") {
  MemoryDevice device(windows_gpt(512).build(), 4096);
  try {
    disk::inspect_reader(device, true);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUnsupported);
    CHECK(std::string(error.id()) == "disk.sector.mismatch");
  }
}
