// SPDX-License-Identifier: GPL-3.0-or-later
// Who a disk is: sysfs, the list of internal disks, twins, and real block devices where the system lends
// some.
#include <unistd.h>

#include <cstdio>

#include "base/error.h"
#include "disk/disk.h"
#include "tests/support/skip.h"
#include "tests/unit/disk/image_builder.h"

using namespace mend;
using namespace mend::test;
namespace fs = std::filesystem;

namespace {

// A sysfs as the kernel lays it out, as far as disks go.
class FakeSysfs {
 public:
  FakeSysfs() {
    std::string name = (fs::temp_directory_path() / "mend-sys-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
    root_ = name;
    fs::create_directories(root_ / "block");
    fs::create_directories(root_ / "dev" / "block");
  }
  FakeSysfs(const FakeSysfs&) = delete;
  FakeSysfs& operator=(const FakeSysfs&) = delete;
  ~FakeSysfs() { fs::remove_all(root_); }

  std::string root() const { return root_.string(); }
  void file(const fs::path& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  // A disk below `bus`, of some size, with its links.
  fs::path disk(const std::string& bus, const std::string& name, const std::string& number) const {
    fs::path path = fs::path("devices") / bus / "block" / name;
    file(path / "size", "1000215216\n");
    file(path / "removable", "0\n");
    fs::create_directories(root_ / "devices" / bus);
    fs::create_directory_symlink("../..", root_ / path / "device");
    fs::create_directory_symlink(root_ / path, root_ / "block" / name);
    fs::create_directory_symlink(root_ / path, root_ / "dev" / "block" / number);
    return path;
  }

 private:
  fs::path root_;
};

disk::Disk disk_named(const std::string& path) {
  disk::Disk disk;
  disk.identity.path = path;
  return disk;
}

// The output of a command; nullopt when it fails.
std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (!pipe) return std::nullopt;
  std::string text;
  for (int c; (c = std::fgetc(pipe)) != EOF;) text.push_back(static_cast<char>(c));
  if (::pclose(pipe) != 0) return std::nullopt;
  return std::string(trim_ascii(text));
}

}  // namespace

TEST_CASE("Identity comes from sysfs: SATA, NVMe, eMMC, USB", "[disk]") {
  const FakeSysfs sys;
  const std::string sata = "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0";
  sys.disk(sata, "sda", "8:0");
  sys.file("devices/" + sata + "/vendor", "ATA     \n");
  sys.file("devices/" + sata + "/model", "Samsung SSD 870 \n");
  sys.file("devices/" + sata + "/wwid", "naa.5002538f00000001\n");
  sys.file("devices/" + sata + "/vpd_pg80", std::string("\0\x80\0\x10", 4) + "  S5Y1NX0R000001");
  const std::string nvme = "pci0000:00/0000:00:1d.0/nvme/nvme0";
  const auto nvme_disk = sys.disk(nvme, "nvme0n1", "259:0");
  sys.file("devices/" + nvme + "/vendor", "0x144d\n");
  sys.file("devices/" + nvme + "/model", "SAMSUNG MZVL2512HCJQ-00BL7              \n");
  sys.file("devices/" + nvme + "/serial", "S64KNX0T000002      \n");
  sys.file(nvme_disk / "wwid", "eui.002538b121b00002\n");
  const std::string usb = "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host1/target1:0:0/1:0:0:0";
  const auto usb_disk = sys.disk(usb, "sdb", "8:16");
  sys.file(usb_disk / "removable", "1\n");
  sys.file("devices/" + usb + "/vendor", "SanDisk \x1b[31m\n");

  disk::Identity identity;
  disk::read_identity(sys.root(), 8, 0, identity);
  CHECK(identity.vendor == "ATA");
  CHECK(identity.model == "Samsung SSD 870");
  CHECK(identity.serial == "S5Y1NX0R000001");
  CHECK(identity.wwn == "naa.5002538f00000001");
  CHECK(!identity.usb);
  CHECK(!identity.removable);

  identity = {};
  disk::read_identity(sys.root(), 259, 0, identity);
  CHECK(identity.vendor.empty());
  CHECK(identity.model == "SAMSUNG MZVL2512HCJQ-00BL7");
  CHECK(identity.serial == "S64KNX0T000002");
  CHECK(identity.wwn == "eui.002538b121b00002");

  identity = {};
  disk::read_identity(sys.root(), 8, 16, identity);
  CHECK(identity.usb);
  CHECK(identity.removable);
  CHECK(identity.vendor.find('\x1b') == std::string::npos);

  identity = {};
  disk::read_identity(sys.root(), 99, 99, identity);  // not known to the kernel: nothing, no error
  CHECK(identity.model.empty());
}

TEST_CASE("A partition is refused as a disk: what marks an array stands outside of it", "[disk]") {
  const FakeSysfs sys;
  const auto path = sys.disk("pci0/ata1", "sda", "8:0");
  sys.file(path / "sda3" / "partition", "3\n");
  fs::create_directory_symlink(fs::path(sys.root()) / path / "sda3", fs::path(sys.root()) / "dev/block/8:3");
  disk::Identity identity;
  try {
    disk::read_identity(sys.root(), 8, 3, identity);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    CHECK(std::string(error.what()).find("/dev/sda,") != std::string::npos);
  }
}

TEST_CASE("Internal disks are those built in: no USB, no card, nothing virtual, nothing empty", "[disk]") {
  const FakeSysfs sys;
  sys.disk("pci0/ata1/host0/0", "sda", "8:0");
  sys.disk("pci0/nvme/nvme0", "nvme0n1", "259:0");
  sys.disk("pci0/mmc_host/mmc0/mmc0:0001", "mmcblk0", "179:0");
  sys.file("devices/pci0/mmc_host/mmc0/mmc0:0001/type", "MMC\n");
  sys.file("devices/pci0/mmc_host/mmc0/mmc0:0001/removable", "removable\n");  // the slot; it is a chip
  sys.disk("pci0/mmc_host/mmc0/mmc0:0001/boot", "mmcblk0boot0", "179:8");
  sys.disk("pci0/mmc_host/mmc0/mmc0:0001/rpmb", "mmcblk0rpmb", "179:16");
  sys.disk("pci0/virtio1", "vda", "252:0");
  sys.disk("pci0/usb1/1-1/host3/3", "sdb", "8:16");
  sys.disk("pci0/mmc_host/mmc1/mmc1:aaaa", "mmcblk1", "179:24");
  sys.file("devices/pci0/mmc_host/mmc1/mmc1:aaaa/type", "SD\n");
  sys.file(sys.disk("pci0/ata2/host4/4", "sdc", "8:32") / "removable", "1\n");
  sys.file(sys.disk("pci0/ata3/host5/5", "sdd", "8:48") / "size", "0\n");
  sys.file(sys.disk("pci0/nvme/nvme1", "nvme1c0n1", "259:5") / "hidden", "1\n");
  sys.disk("pci0/thunderbolt-port/nvme/nvme7", "nvme7n1", "259:7");
  sys.file("devices/pci0/thunderbolt-port/removable", "removable\n");
  sys.disk("pci0/thunderbolt-port/mmc_host/mmc2/mmc2:0001", "mmcblk2", "179:32");
  sys.file("devices/pci0/thunderbolt-port/mmc_host/mmc2/mmc2:0001/type", "MMC\n");
  sys.disk("virtual/nvme-subsystem/nvme-subsys2", "nvme2n1", "259:9");  // where native multipath puts it
  for (const char* name : {"loop0", "ram0", "zram0", "dm-0", "md127", "sr0"}) {
    sys.disk(std::string("virtual/") + name, name, std::string(name) + ":0");
  }
  CHECK(disk::internal_disks(sys.root(), "/dev") ==
        std::vector<std::string>{"/dev/mmcblk0", "/dev/nvme0n1", "/dev/nvme2n1", "/dev/sda", "/dev/vda"});
  CHECK_THROWS_AS(disk::internal_disks("/nowhere", "/dev"), Error);
}

TEST_CASE("The list of this machine's disks holds whole disks only", "[disk]") {
  if (!need_data("/sys/block")) return;
  for (const std::string& path : disk::internal_disks()) {
    CHECK(path.rfind("/dev/", 0) == 0);
    CHECK(path.find("loop") == std::string::npos);
  }
}

TEST_CASE("K-4: disks that share a WWN, a GUID or a signature are named, both of them", "[disk]") {
  std::vector<disk::Disk> disks = {disk_named("/dev/sda"), disk_named("/dev/sdb"), disk_named("/dev/sdc")};
  const auto expect_pair = [&] {
    const auto reasons = disk::find_twins(disks);
    REQUIRE(reasons.size() == 3);
    REQUIRE(reasons[0]);
    REQUIRE(reasons[2]);
    CHECK(reasons[0]->find("/dev/sdc") != std::string::npos);
    CHECK(reasons[2]->find("/dev/sda") != std::string::npos);
    CHECK(!reasons[1]);
  };
  SECTION("a WWN: one disk by two paths") {
    disks[0].identity.wwn = disks[2].identity.wwn = "naa.5002538f00000001";
    disks[1].identity.wwn = "naa.5002538f00000002";
    expect_pair();
  }
  SECTION("a disk GUID: a clone") {
    disks[0].identity.disk_guid = disks[2].identity.disk_guid =
        make_guid("11112222-3333-4444-5555-666677778888");
    disks[1].identity.disk_guid = make_guid("11112222-3333-4444-5555-666677778889");
    expect_pair();
  }
  SECTION("an MBR signature") {
    disks[0].identity.mbr_signature = disks[2].identity.mbr_signature = 0xdeadbeef;
    disks[1].identity.mbr_signature = 1;
    expect_pair();
  }
  SECTION("a partition GUID: a clone with a new disk GUID") {
    disk::Partition partition;
    partition.partition_guid = make_guid("11112222-3333-4444-5555-666677778888");
    disks[0].partitions = disks[2].partitions = {partition};
    expect_pair();
  }
  SECTION("nothing that tells") {
    for (disk::Disk& disk : disks) {
      disk.identity.wwn = "naa.0000000000000000";
      disk.identity.disk_guid = Guid{};
      disk.partitions = {disk::Partition{}};
    }
    for (const auto& reason : disk::find_twins(disks)) CHECK(!reason);
  }
}

TEST_CASE("A real block device of either sector size is inspected", "[disk]") {
  if (!need_program("losetup")) return;
  for (const uint32_t sector : {512u, 4096u}) {
    TempImage image(windows_gpt(sector, 4096).build());
    const auto loop = output_of("PATH=$PATH:/usr/sbin:/sbin losetup -f --show -b " + std::to_string(sector) +
                                " " + image.path());
    if (!loop) return print_skip("this system lends no loop device");
    struct Detach {
      std::string name;
      ~Detach() { output_of("PATH=$PATH:/usr/sbin:/sbin losetup -d " + name); }
    } detach{*loop};
    const auto device = block::FileDevice::open(*loop, block::Access::kRead);
    const disk::Disk disk = disk::inspect(*device);
    CHECK(disk.table == disk::Table::kGpt);
    CHECK(disk.identity.sector_bytes == sector);
    CHECK(disk.identity.path == *loop);
    CHECK(!disk.identity.usb);
    CHECK(disk.partitions.size() == 4);
  }
}
