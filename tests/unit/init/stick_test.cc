// SPDX-License-Identifier: GPL-3.0-or-later
// Which of all devices is the stick: the FAT serial number, devices that come, go, fail, or are dying.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "init/stick.h"
#include "tests/support/skip.h"
#include "tests/unit/init/fake_tree.h"

using namespace mend;
using namespace mend::init;
using mend::test::FakeTree;

namespace {

constexpr const char* kId = "0123456789abcdef0123456789abcdef";

// The first sector of a FAT32 volume, as far as it matters.
ByteVector fat32_sector(uint32_t serial) {
  ByteVector sector(kBootSectorBytes);
  write_le<uint16_t>(sector, 0x0B, 512);
  sector[0x0D] = 8;
  sector[0x10] = 2;
  sector[0x42] = 0x29;
  write_le<uint32_t>(sector, 0x43, serial);
  write_le<uint16_t>(sector, 0x1FE, 0xAA55);
  return sector;
}

// What is read of each device, and how often.
struct FakeDisks {
  std::map<std::string, ByteVector> sectors;  // by name; absent: a read error
  std::vector<std::string> reads;

  ReadSector reader() {
    return [this](const std::string& device) -> std::optional<ByteVector> {
      const std::string name = device.substr(device.rfind('/') + 1);
      reads.push_back(name);
      const auto sector = sectors.find(name);
      if (sector == sectors.end()) return std::nullopt;
      return sector->second;
    };
  }
};

std::vector<std::string> volumes(const std::vector<StickDevice>& sticks) {
  std::vector<std::string> names;
  names.reserve(sticks.size());
  for (const StickDevice& stick : sticks) names.push_back(stick.volume.substr(stick.volume.rfind('/') + 1));
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("The serial number of FAT volumes that mkfs.fat makes, of all three kinds", "[init]") {
  if (!mend::test::need_program("mkfs.fat")) return;
  const mend::test::TempFolder folder;
  for (const auto& [bits, kilobytes] : {std::pair{"12", 2000}, {"16", 20000}, {"32", 70000}}) {
    const std::string image = folder / bits;
    const std::string command = fmt::format(
        "PATH=$PATH:/usr/sbin:/sbin mkfs.fat -C -F {} -i 0123ABCD {} {} >/dev/null", bits, image, kilobytes);
    REQUIRE(std::system(command.c_str()) == 0);
    const std::optional<ByteVector> sector = read_first_sector(image);
    REQUIRE(sector.has_value());
    CHECK(fat_serial(*sector) == 0x0123ABCDU);
  }
}

TEST_CASE("What is no FAT boot sector has no serial number", "[init]") {
  const ByteVector good = fat32_sector(7);
  REQUIRE(fat_serial(good) == 7U);
  CHECK_FALSE(fat_serial(Bytes(good).first(511)).has_value());
  CHECK_FALSE(fat_serial(ByteVector(512)).has_value());
  for (const auto& [offset, value] : std::vector<std::pair<size_t, uint8_t>>{
           {0x0C, 0x03}, {0x0D, 0}, {0x0D, 3}, {0x10, 0}, {0x10, 3}, {0x42, 0}, {0x1FE, 0}}) {
    ByteVector bad = good;
    bad[offset] = value;
    INFO("offset " << offset);
    CHECK_FALSE(fat_serial(bad).has_value());
  }
}

TEST_CASE("A device that cannot be read, or is too short, has no first sector", "[init]") {
  const mend::test::TempFolder folder;
  std::ofstream(folder / "short") << "x";
  CHECK_FALSE(read_first_sector(folder / "absent").has_value());
  CHECK_FALSE(read_first_sector(folder / "short").has_value());
  CHECK_FALSE(read_first_sector(folder.path().string()).has_value());
}

TEST_CASE("The stick is the volume with the first digits of the id; its disk is named with it", "[init]") {
  const FakeTree tree;
  FakeDisks disks;
  tree.block("pci0/ata1", "sda");
  tree.block("pci0/ata1", "sda1", "sda");
  tree.block("pci0/usb1/1-1", "sdb");
  tree.block("pci0/usb1/1-1", "sdb1", "sdb");
  tree.file("sys/devices/pci0/usb1/1-1/block/sdb/device/model", "Ultra Fit  \n");
  disks.sectors = {{"sda", ByteVector(512)},
                   {"sda1", fat32_sector(1)},
                   {"sdb", ByteVector(512)},
                   {"sdb1", fat32_sector(0x01234567)}};
  StickFinder finder(tree.roots(), kId, disks.reader());
  const std::vector<StickDevice> sticks = finder.look();
  REQUIRE(sticks.size() == 1);
  CHECK(sticks[0].volume == tree.roots().dev + "/sdb1");
  CHECK(sticks[0].disk == tree.roots().dev + "/sdb");
  CHECK(sticks[0].model == "Ultra Fit");
}

TEST_CASE("A volume without a partition table is its own disk", "[init]") {
  const FakeTree tree;
  FakeDisks disks;
  tree.block("pci0/mmc_host/mmc0", "mmcblk0");
  tree.file("sys/devices/pci0/mmc_host/mmc0/block/mmcblk0/device/name", "SD32G\n");
  disks.sectors = {{"mmcblk0", fat32_sector(0x01234567)}};
  StickFinder finder(tree.roots(), kId, disks.reader());
  const std::vector<StickDevice> sticks = finder.look();
  REQUIRE(sticks.size() == 1);
  CHECK(sticks[0].disk == sticks[0].volume);
  CHECK(sticks[0].model == "SD32G");
}

TEST_CASE("ST-1: each device is read once; one that fails, three times", "[init]") {
  const FakeTree tree;
  FakeDisks disks;
  tree.block("pci0/usb1/1-1", "sdb");
  tree.block("pci0/ata1", "sda");
  disks.sectors = {{"sdb", ByteVector(512)}};
  StickFinder finder(tree.roots(), kId, disks.reader());
  for (int i = 0; i < 10; ++i) CHECK(finder.look().empty());
  CHECK(disks.reads == Names{"sdb", "sda", "sda", "sda"});
}

TEST_CASE("ST-2: what hangs on USB is read before the disks of the machine", "[init]") {
  const FakeTree tree;
  FakeDisks disks;
  tree.block("pci0/nvme/nvme0", "nvme0n1");
  tree.block("pci0/usb1/1-1", "sdb");
  StickFinder finder(tree.roots(), kId, disks.reader());
  finder.look();
  CHECK(disks.reads == Names{"sdb", "nvme0n1"});
}

TEST_CASE("Virtual devices and readers without a card are not read", "[init]") {
  const FakeTree tree;
  FakeDisks disks;
  disks.sectors = {{"loop0", fat32_sector(0x01234567)}, {"sdc", fat32_sector(0x01234567)}};
  tree.block("virtual", "loop0");
  tree.block("pci0/usb1/1-2", "sdc");
  tree.file("sys/devices/pci0/usb1/1-2/block/sdc/size", "0\n");
  StickFinder finder(tree.roots(), kId, disks.reader());
  CHECK(finder.look().empty());
  CHECK(disks.reads.empty());
  tree.file("sys/devices/pci0/usb1/1-2/block/sdc/size", "62333952\n");
  CHECK(volumes(finder.look()) == Names{"sdc"});
}

TEST_CASE("Two sticks of one image are both told, until one is pulled out", "[init]") {
  const FakeTree tree;
  FakeDisks disks;
  tree.block("pci0/usb1/1-1", "sdb");
  tree.block("pci0/usb1/1-2", "sdc");
  disks.sectors = {{"sdb", fat32_sector(0x01234567)}, {"sdc", fat32_sector(0x01234567)}};
  StickFinder finder(tree.roots(), kId, disks.reader());
  CHECK(volumes(finder.look()) == Names{"sdb", "sdc"});
  tree.remove("sys/class/block/sdb");
  CHECK(volumes(finder.look()) == Names{"sdc"});
}

TEST_CASE("Another stick in the place of the one that was pulled out is read anew", "[init]") {
  const FakeTree tree;
  FakeDisks disks;
  tree.block("pci0/usb1/1-1", "sdb");
  disks.sectors = {{"sdb", fat32_sector(1)}};
  StickFinder finder(tree.roots(), kId, disks.reader());
  CHECK(finder.look().empty());
  tree.remove("sys/class/block/sdb");
  CHECK(finder.look().empty());
  tree.link("sys/class/block/sdb", "sys/devices/pci0/usb1/1-1/block/sdb");
  disks.sectors = {{"sdb", fat32_sector(0x01234567)}};
  CHECK(volumes(finder.look()) == Names{"sdb"});
}

TEST_CASE("BO-5: while a mass storage device on USB shows no disk yet, another stick may come", "[init]") {
  FakeTree tree;
  const StickFinder finder(tree.roots(), kId, FakeDisks().reader());
  CHECK_FALSE(finder.more_may_come());
  tree.file("sys/bus/usb/devices/1-1:1.0/bInterfaceClass", "03\n");  // a keyboard
  CHECK_FALSE(finder.more_may_come());
  tree.file("sys/bus/usb/devices/1-2:1.0/bInterfaceClass", "08\n");
  CHECK(finder.more_may_come());
  tree.file("sys/bus/usb/devices/1-2:1.0/host2/target2:0:0/2:0:0:0/block/sdb/size", "1000\n");
  CHECK_FALSE(finder.more_may_come());
}
