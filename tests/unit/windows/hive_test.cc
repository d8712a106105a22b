// SPDX-License-Identifier: GPL-3.0-or-later
// Hives: whole, dirty, damaged, hostile; and those of real machines where they lie beside the work tree.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <random>

#include "base/error.h"
#include "base/text.h"
#include "tests/support/skip.h"
#include "tests/unit/windows/hives.h"
#include "windows/hive.h"

using namespace mend;
using namespace mend::test;
namespace fs = std::filesystem;

namespace {

void fix_checksum(ByteVector& hive) {
  uint32_t sum = 0;
  for (uint64_t at = 0; at < 0x1fc; at += 4) sum ^= read_le<uint32_t>(hive, at);
  write_le<uint32_t>(hive, 0x1fc, sum);
}

ByteVector output_of(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  ByteVector bytes;
  uint8_t buffer[65536];
  for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    bytes.insert(bytes.end(), buffer, buffer + got);
  REQUIRE(::pclose(pipe) == 0);
  return bytes;
}

ByteVector load(const fs::path& path) {
  return output_of((path.extension() == ".xz" ? "xz -dc '" : "cat '") + path.string() + "'");
}

}  // namespace

TEST_CASE("SYSTEM tells host, time zone and fast startup, from the control set in use", "[windows]") {
  SystemHive hive;
  hive.current = 2;
  const windows::Installation found = read_system(hive.bytes());
  CHECK(found.host == "PC-042");
  CHECK(found.time_zone == "W. Europe Standard Time");
  CHECK(found.bias_minutes == -120);
  CHECK(found.hiberboot_enabled);
  CHECK(found.warnings.empty());
}

TEST_CASE("The name of the host may stand with TCP/IP only, and be of any script", "[windows]") {
  SystemHive hive;
  hive.host.clear();
  hive.nv_hostname = "büro-ноутбук-端末";
  CHECK(read_system(hive.bytes()).host == "büro-ноутбук-端末");
  hive.nv_hostname.clear();
  const windows::Installation nothing = read_system(hive.bytes());
  CHECK(nothing.host.empty());
  CHECK(warns(nothing, "name is not known"));
}

TEST_CASE("SOFTWARE tells product, edition, build and release", "[windows]") {
  const windows::Installation found = read_software(SoftwareHive().bytes());
  CHECK(found.product == "Windows 10 Pro");
  CHECK(found.edition == "Professional");
  CHECK(found.build == 19045);
  CHECK(found.ubr == 4651);
  CHECK(found.display_version == "22H2");
  CHECK(found.warnings.empty());
}

TEST_CASE("Windows 11 is told by its build, and an old release by its ReleaseId", "[windows]") {
  SoftwareHive hive;
  hive.build = "22631";
  hive.display_version.clear();
  const windows::Installation found = read_software(hive.bytes());
  CHECK(found.product == "Windows 11 Pro");
  CHECK(found.display_version == "2009");
  hive.build = "a million";
  const windows::Installation odd = read_software(hive.bytes());
  CHECK(odd.build == 0);
  CHECK(odd.product == "Windows 10 Pro");
  CHECK(warns(odd, "build of Windows is not known"));
}

TEST_CASE("W-4: texts are bounded and printable, and values of a wrong type are none", "[windows]") {
  SystemHive hive;
  hive.host = "evil\x1b[2J\nname";
  hive.time_zone = std::string(30000, 'z');
  const windows::Installation found = read_system(hive.bytes());
  CHECK(found.host.find('\x1b') == std::string::npos);
  CHECK(found.host.find('\n') == std::string::npos);
  CHECK(found.time_zone == std::string(256, 'z'));
  hive.time_zone = std::string(40000, 'z');  // more than 64 KiB: no text at all
  CHECK(read_system(hive.bytes()).time_zone.empty());

  const TempFolder folder;
  HiveWriter writer(folder / "hive", "SYSTEM", 0);
  writer.set(writer.key("Select"), {HiveValue::text("Current", "1")});
  writer.set(writer.key("ControlSet001\\Control\\ComputerName\\ComputerName"),
             {HiveValue::number("ComputerName", 7)});
  writer.set(writer.key("ControlSet001\\Control\\TimeZoneInformation"),
             {HiveValue::number("ActiveTimeBias", 5000),
              // Windows leaves old characters behind the end of the text.
              {"TimeZoneKeyName", 1, utf16_to_le(std::u16string(u"UTC\0Standard Time", 17))}});
  const windows::Installation wrong = read_system(writer.finish());
  CHECK(wrong.host.empty());
  CHECK(!wrong.bias_minutes);
  CHECK(wrong.time_zone == "UTC");
}

TEST_CASE("A hive that was not closed is read, with a warning that its logs are not replayed", "[windows]") {
  ByteVector hive = SystemHive().bytes();
  write_le<uint32_t>(hive, 4, 43);
  write_le<uint32_t>(hive, 8, 42);
  fix_checksum(hive);
  const windows::Installation found = read_system(hive);
  CHECK(found.host == "PC-042");
  CHECK(warns(found, "43 and 42"));
  CHECK(warns(found, "logs were not replayed"));
  CHECK(found.warnings.size() == 1);

  write_le<uint32_t>(hive, 4, 44);  // and its first block was torn
  const windows::Installation torn = read_system(hive);
  CHECK(torn.host == "PC-042");
  CHECK(warns(torn, "wrong checksum"));
}

TEST_CASE("A checksum that Windows stores as 1 or -2 is right", "[windows]") {
  for (const uint32_t raw : {0u, UINT32_MAX}) {
    ByteVector hive = SystemHive().bytes();
    write_le<uint32_t>(hive, 0x1f8, 0);
    fix_checksum(hive);
    const uint32_t sum = read_le<uint32_t>(hive, 0x1fc);
    write_le<uint32_t>(hive, 0x1f8, sum ^ raw);
    write_le<uint32_t>(hive, 0x1fc, raw == 0 ? 1 : UINT32_MAX - 1);
    const windows::Installation found = read_system(hive);
    CHECK(found.host == "PC-042");
    CHECK(found.warnings.empty());
  }
}

TEST_CASE("W-1: what is no hive gives a warning that says so", "[windows]") {
  for (const ByteVector& bytes :
       {ByteVector(), ByteVector(100), ByteVector(1 << 20), ByteVector(1 << 20, 0xff)}) {
    const windows::Installation found = read_system(bytes);
    CHECK(warns(found, "not a registry hive"));
    CHECK(found.host.empty());
  }
  ByteVector version = SystemHive().bytes();
  version[0x14] = 2;
  fix_checksum(version);
  CHECK(warns(read_system(version), "version"));
}

TEST_CASE("W-1: a hive cut short at any length gives what is left, or a warning", "[windows]") {
  SystemHive large;
  large.time_zone = std::string(200, 'x');
  const ByteVector whole = large.bytes();
  for (size_t length = 0; length < whole.size(); length += length < 0x2100 ? 251 : 97) {
    INFO("length " << length);
    const windows::Installation found = read_system(Bytes(whole).first(length));
    CHECK(!found.warnings.empty());
    CHECK((found.host.empty() || found.host == "PC-042"));
  }
}

TEST_CASE("A page damaged late in a hive does not take the rest with it", "[windows]") {
  const TempFolder folder;
  HiveWriter writer(folder / "hive", "SYSTEM", 0);
  writer.set(writer.key("Select"), {HiveValue::number("Current", 1)});
  writer.set(writer.key("ControlSet001\\Control\\ComputerName\\ComputerName"),
             {HiveValue::text("ComputerName", "KEPT")});
  for (int i = 0; i < 200; ++i) {
    writer.set(writer.key("ControlSet001\\Services\\service" + std::to_string(i)),
               {HiveValue::text("ImagePath", std::string(200, 'p'))});
  }
  const ByteVector whole = writer.finish();
  size_t page = 0x1000, last = 0;
  for (; page < whole.size(); page += read_le<uint32_t>(whole, page + 8)) last = page;
  REQUIRE(last > 0x4000);
  for (const size_t at : {last, last + 4, last + 8, last + 0x20}) {
    INFO("offset " << at);
    ByteVector bytes = whole;
    for (size_t i = 0; i < 4; ++i) bytes[at + i] = 0xa5;
    const windows::Installation found = read_system(bytes);
    CHECK(found.host == "KEPT");
    CHECK(warns(found, "damaged or cut short"));
  }
}

TEST_CASE("W-3: no flipped bit of a hive does more than a warning or a changed text", "[windows]") {
  const ByteVector whole = SystemHive().bytes();
  std::mt19937 random(19);
  for (int round = 0; round < 1200; ++round) {
    ByteVector bytes = whole;
    // Every word of the base block's head, then anywhere; one bit, or a whole word of an extreme.
    const size_t at =
        round < 128 ? static_cast<size_t>(round) * 4 : 0x1000 + random() % (bytes.size() - 0x1004);
    if (round % 3 == 0) {
      write_le<uint32_t>(bytes, at, round % 2 == 0 ? UINT32_MAX : 0x7ffffff8);
    } else {
      bytes[at] = static_cast<uint8_t>(bytes[at] ^ (1U << (random() % 8)));
    }
    if (at < 0x1000 && round % 2 == 0) fix_checksum(bytes);
    INFO("round " << round << " offset " << at);
    windows::Installation found;
    CHECK_NOTHROW(found = read_system(bytes));
    CHECK(found.host.size() < 1200);
  }
}

TEST_CASE("W-3: a record that reaches beyond the last page reads zeros, not this program's memory",
          "[windows]") {
  ByteVector bytes = SystemHive().bytes();
  // The last cell is free: cut eight bytes off it for a key that is too short to be one, and list it at the
  // root.
  size_t page = 0x1000, cell = 0, size = 0;
  while (page + read_le<uint32_t>(bytes, page + 8) < bytes.size()) page += read_le<uint32_t>(bytes, page + 8);
  for (size_t at = page + 0x20; at < bytes.size(); at += size) {
    cell = at;
    const auto raw = static_cast<int32_t>(read_le<uint32_t>(bytes, at));
    size = static_cast<size_t>(raw < 0 ? -raw : raw);
  }
  REQUIRE(read_le<uint32_t>(bytes, cell) > 16);
  REQUIRE(read_le<uint32_t>(bytes, cell) < 4096);
  write_le<uint32_t>(bytes, cell, static_cast<uint32_t>(size - 8));
  write_le<uint32_t>(bytes, bytes.size() - 8, static_cast<uint32_t>(-8));
  write_le<uint32_t>(bytes, bytes.size() - 4, 0x6b6e);  // "nk"
  const size_t root = 0x1000 + read_le<uint32_t>(bytes, 0x24);
  const size_t list = 0x1000 + read_le<uint32_t>(bytes, root + 4 + 28);
  write_le<uint32_t>(bytes, list + 8, static_cast<uint32_t>(bytes.size() - 8 - 0x1000));
  fix_checksum(bytes);
  windows::HiveMemory memory;
  memory.append(bytes);
  windows::Hive hive(memory);
  CHECK(memory.size_bytes() == bytes.size() + (1 << 20));
  CHECK(all_zero(memory.read(bytes.size(), 1 << 20)));
  CHECK(!hive.string("ControlSet001\\Control\\ComputerName\\ComputerName", "ComputerName"));
  CHECK(hive.dword("Select", "Current") == 1);
  CHECK(read_system(bytes).host.empty());
}

TEST_CASE("Real hives of real machines are read", "[windows]") {
  const fs::path folder = "../shared/data/hives";
  if (!need_data(folder) || !need_program("xz")) return;
  size_t hosts = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.find("LOG") != std::string::npos && name.find("BadLogHive") == std::string::npos) continue;
    const windows::Installation found = read_system(load(entry.path()));
    INFO(name << ": " << found.host << ", " << found.time_zone);
    if (name == "SYSTEM.xz" || name == "SYSTEM_B.xz" || name == "SYSTEM_WIN_10_1709.xz") {
      CHECK(!found.host.empty());
      CHECK(!found.time_zone.empty());
      CHECK(found.bias_minutes);
      ++hosts;
    }
    if (name == "SYSTEM_B.xz") CHECK(warns(found, "was not closed"));
    if (name.find("DirtyHive") != std::string::npos && name.find(".LOG") == std::string::npos) {
      CHECK(warns(found, "was not closed"));
    }
  }
  CHECK(hosts == 3);
}
