// SPDX-License-Identifier: GPL-3.0-or-later
// Writes partition tables and boot sectors for the tests of disk/, from the specifications and apart from the
// readers under test. Tests that need a judge use sfdisk, sgdisk, mkntfs and mkfs.vfat instead.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/guid.h"
#include "base/text.h"
#include "tests/support/catch.h"

namespace mend::test {

inline Guid make_guid(std::string_view text) {
  return Guid::parse(text).value();
}
inline const char* const kEspType = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";
inline const char* const kMsrType = "e3c9e316-0b5c-4db8-817d-f92df00215ae";
inline const char* const kBasicType = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7";
inline const char* const kRecoveryType = "de94bba4-06d1-4d40-a16a-bfd50179d6ac";

inline void put(ByteVector& bytes, uint64_t offset, Bytes what) {
  std::copy(what.begin(), what.end(), slice(MutableBytes(bytes), offset, what.size()).begin());
}
inline void put(ByteVector& bytes, uint64_t offset, std::string_view what) {
  put(bytes, offset, as_bytes(what));
}

struct GptEntry {
  std::string type;
  uint64_t first, last;
  std::string name;
};

// A GPT of either sector size. Every field can be spoiled before build().
struct GptBuilder {
  uint32_t sector = 512;
  uint64_t sectors = 4096;
  Guid disk_guid = make_guid("11112222-3333-4444-5555-666677778888");
  std::vector<GptEntry> entries;
  uint32_t count = 128, entry_bytes = 128;
  uint64_t last_usable = 0;  // 0: as it should be
  bool with_primary = true, with_backup = true, with_protective = true;

  static Guid partition_guid(size_t index) {
    Guid guid = make_guid("aaaabbbb-cccc-dddd-eeee-ffff00000000");
    guid.bytes[15] = static_cast<uint8_t>(index + 1);
    return guid;
  }
  uint64_t array_sectors() const { return (16384 + sector - 1) / sector; }

  ByteVector array() const {
    ByteVector out(static_cast<size_t>(array_sectors() * sector));
    for (size_t i = 0; i < entries.size(); ++i) {
      const uint64_t at = i * 128;
      put(out, at, make_guid(entries[i].type).bytes);
      put(out, at + 16, partition_guid(i).bytes);
      write_le<uint64_t>(out, at + 32, entries[i].first);
      write_le<uint64_t>(out, at + 40, entries[i].last);
      put(out, at + 56, utf16_to_le(to_utf16(entries[i].name)));
    }
    return out;
  }

  ByteVector header(bool primary) const {
    ByteVector out(sector);
    put(out, 0, "EFI PART");
    write_le<uint32_t>(out, 8, 0x00010000);
    write_le<uint32_t>(out, 12, 92);
    write_le<uint64_t>(out, 24, primary ? 1 : sectors - 1);
    write_le<uint64_t>(out, 32, primary ? sectors - 1 : 1);
    write_le<uint64_t>(out, 40, 2 + array_sectors());
    write_le<uint64_t>(out, 48, last_usable != 0 ? last_usable : sectors - 2 - array_sectors());
    put(out, 56, disk_guid.bytes);
    write_le<uint64_t>(out, 72, primary ? 2 : sectors - 1 - array_sectors());
    write_le<uint32_t>(out, 80, count);
    write_le<uint32_t>(out, 84, entry_bytes);
    const ByteVector all = array();
    const uint64_t summed = std::min<uint64_t>(all.size(), uint64_t{count} * entry_bytes);
    write_le<uint32_t>(out, 88, crc32(slice(Bytes(all), 0, summed)));
    write_le<uint32_t>(out, 16, crc32(slice(Bytes(out), 0, 92)));
    return out;
  }

  ByteVector build() const {
    ByteVector disk(static_cast<size_t>(sectors * sector));
    if (with_protective) {
      disk[0x1c2] = 0xee;
      write_le<uint32_t>(disk, 0x1c6, 1);
      write_le<uint32_t>(disk, 0x1ca, static_cast<uint32_t>(sectors - 1));
      write_le<uint16_t>(disk, 0x1fe, 0xaa55);
    }
    if (with_primary) put(disk, sector, header(true)), put(disk, 2 * uint64_t{sector}, array());
    if (with_backup) {
      put(disk, (sectors - 1) * sector, header(false));
      put(disk, (sectors - 1 - array_sectors()) * sector, array());
    }
    return disk;
  }
};

// A Windows disk: ESP, MSR, Windows, recovery.
inline GptBuilder windows_gpt(uint32_t sector = 512, uint64_t sectors = 4096) {
  GptBuilder gpt;
  gpt.sector = sector;
  gpt.sectors = sectors;
  gpt.entries = {{kEspType, 64, 127, "EFI system partition"},
                 {kMsrType, 128, 159, "Microsoft reserved partition"},
                 {kBasicType, 160, sectors - 300, "Basic data partition"},
                 {kRecoveryType, sectors - 299, sectors - 100, "Wiederherstellung ÄÖ"}};
  return gpt;
}

inline ByteVector ntfs_boot_sector(uint16_t sector = 512) {
  ByteVector out(512);
  put(out, 0, from_hex("eb 52 90"));
  put(out, 3, "NTFS    ");
  write_le<uint16_t>(out, 0x0b, sector);
  out[0x0d] = 8;
  write_le<uint16_t>(out, 0x1fe, 0xaa55);
  return out;
}

inline void put_mbr_entry(ByteVector& disk, uint64_t record, size_t index, uint8_t type, uint32_t first,
                          uint32_t count, uint8_t status = 0) {
  const uint64_t at = record + 0x1be + index * 16;
  write_le<uint8_t>(disk, at, status);
  write_le<uint8_t>(disk, at + 4, type);
  write_le<uint32_t>(disk, at + 8, first);
  write_le<uint32_t>(disk, at + 12, count);
  write_le<uint16_t>(disk, record + 0x1fe, 0xaa55);
}

// An image file in a folder that is removed with it.
class TempImage {
 public:
  explicit TempImage(uint64_t size_bytes) : TempImage() { std::filesystem::resize_file(path(), size_bytes); }
  explicit TempImage(Bytes bytes) : TempImage() {
    std::ofstream(path(), std::ios::binary)
        .write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
  }
  TempImage(const TempImage&) = delete;
  TempImage& operator=(const TempImage&) = delete;
  ~TempImage() { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/disk.img"; }
  // A shell command in which {} is the image. REQUIRE: it succeeds.
  void run(std::string command) const {
    for (size_t at; (at = command.find("{}")) != std::string::npos;) command.replace(at, 2, path());
    INFO(command);
    REQUIRE(std::system(("PATH=$PATH:/usr/sbin:/sbin; { " + command + "; } >/dev/null 2>&1").c_str()) == 0);
  }
  ByteVector bytes() const {
    std::ifstream file(path(), std::ios::binary);
    return ByteVector(std::istreambuf_iterator<char>(file), {});
  }

 private:
  TempImage() {
    std::string name = (std::filesystem::temp_directory_path() / "mend-disk-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
    folder_ = name;
    std::ofstream(path()).put('\0');
  }
  std::string folder_;
};

}  // namespace mend::test
