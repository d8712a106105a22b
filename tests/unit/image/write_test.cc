// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/write.h"

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;
using test::write_text_file;

// A machine with a system disk, a USB stick, an SD card and a SATA disk, as sysfs and procfs show them.
struct Machine {
  Machine() {
    disk("sda", "8:0", "pci0000:00/0000:00:17.0/ata1/host0", "0");
    partition("sda", "sda1", "8:1");
    partition("sda", "sda2", "8:2");
    disk("sdb", "8:16", "pci0000:00/0000:00:14.0/usb1/1-2", "1");
    partition("sdb", "sdb1", "8:17");
    write_text_file(devices / "pci0000:00/0000:00:14.0/usb1/1-2/serial", "USB123\n");
    disk("mmcblk0", "179:0", "pci0000:00/0000:00:1a.0/mmc_host/mmc0", "0");
    write_text_file(of("mmcblk0") / "device/type", "SD\n");
    disk("sdc", "8:32", "pci0000:00/0000:00:17.0/ata2/host1", "0");
    write_text_file(of("sdc") / "device/vpd_pg80", std::string("\0\x80\0\x08WD-00042", 12));
    disk("dm-0", "253:0", "virtual", "0");
    disk("dm-1", "253:1", "virtual", "0");
    mounts("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n25 22 0:21 / /proc rw - proc proc rw\n");
    write_text_file(root() / "proc/swaps", "Filename Type Size Used Priority\n");
  }

  fs::path root() const { return folder.path(); }
  fs::path of(const std::string& name) const { return fs::canonical(root() / "sys/class" / name); }
  void disk(const std::string& name, const std::string& number, const std::string& bus,
            const std::string& removable) {
    const fs::path device = devices / bus / "block" / name;
    write_text_file(device / "dev", number + "\n");
    write_text_file(device / "size", "15728640\n");
    write_text_file(device / "ro", "0\n");
    write_text_file(device / "removable", removable + "\n");
    write_text_file(device / "device/model", "Model of " + name + "\n");
    fs::create_directories(device / "holders");
    link(device, number, name);
  }
  void partition(const std::string& parent, const std::string& name, const std::string& number) {
    const fs::path device = of(parent) / name;
    write_text_file(device / "dev", number + "\n");
    write_text_file(device / "partition", "1\n");
    fs::create_directories(device / "holders");
    link(device, number, name);
  }
  void hold(const std::string& held, const std::string& holder) const {
    fs::create_directory_symlink(of(holder), of(held) / "holders" / holder);
  }
  void mounts(const std::string& text) const { write_text_file(root() / "proc/self/mountinfo", text); }
  void add_mount(const std::string& line) const {
    mounts(test::read_text((root() / "proc/self/mountinfo").string()) + line + "\n");
  }

  std::string check(unsigned major, unsigned minor, const std::string& serial = "") const {
    try {
      check_target({(root() / "sys").string(), (root() / "proc").string()}, major, minor, "/dev/x", serial);
    } catch (const Error& error) {
      INFO(error.what());
      CHECK((error.code() == ErrorCode::kRefused || error.code() == ErrorCode::kUsage));
      return error.id();
    }
    return "taken";
  }

  mend::test::TempFolder folder;
  fs::path devices = folder.path() / "sys/devices";

 private:
  void link(const fs::path& device, const std::string& number, const std::string& name) const {
    fs::create_directories(root() / "sys/dev/block");
    fs::create_directories(root() / "sys/class");
    fs::create_directory_symlink(device, root() / "sys/dev/block" / number);
    fs::create_directory_symlink(device, root() / "sys/class" / name);
  }
};

struct Stick {
  Stick() : base(test::small_base(folder.path() / "base")) {
    FatRequest volume;
    for (const BaseFile& file : base.files) {
      volume.files.push_back(
          {file.path_on_stick, Content::file(base.directory + "/" + file.file, 0, file.size_bytes)});
    }
    const DiskImage disk = lay_out_disk(base, volume, 64 * kMiB, 7);
    write_disk(disk, folder / "a.img").commit();
    RangeHasher hasher;
    write_text(folder / "a.img.bmap", to_xml(make_bmap(disk, hasher))).commit();
    write_text_file(folder.path() / "stick", std::string(80 * kMiB, '\xEE'));
    request.image = folder / "a.img";
    request.device = folder / "stick";
  }
  std::string write() {
    try {
      SilentProgress silent;
      result = write_stick(request, stop, silent);
    } catch (const Error& error) {
      return error.id();
    }
    return "written";
  }
  std::string stick() const { return test::read_text(folder / "stick"); }
  bool untouched() const { return stick() == std::string(80 * kMiB, '\xEE'); }

  mend::test::TempFolder folder;
  Base base;
  WriteRequest request;
  WriteResult result;
  std::atomic<bool> stop{false};
};

}  // namespace

TEST_CASE("TG-2: a stick and a card are taken, a fixed disk only by its exact serial number", "[image]") {
  const Machine machine;
  CHECK(machine.check(8, 16) == "taken");
  CHECK(machine.check(179, 0) == "taken");
  CHECK(machine.check(8, 32) == "image.target.fixed");
  CHECK(machine.check(8, 32, "WD-00042") == "taken");
  CHECK(machine.check(8, 32, "WD-0004") == "image.target.serial");
  CHECK(machine.check(8, 32, "wd-00042") == "image.target.serial");
  CHECK(machine.check(8, 16, "USB123") == "taken");
  CHECK(machine.check(8, 16, "USB124") == "image.target.serial");
  CHECK(machine.check(9, 9) == "image.target.unknown");
}

TEST_CASE("TG-3: a partition is not written", "[image]") {
  const Machine machine;
  CHECK(machine.check(8, 17) == "disk.identity.partition");
}

TEST_CASE("TG-1: what is mounted, swapped to or the system's is refused, whatever is given", "[image]") {
  const Machine machine;
  write_text_file(machine.of("sda") / "device/vpd_pg80", std::string("\0\x80\0\x04SYS1", 8));
  CHECK(machine.check(8, 0) == "image.target.system");
  CHECK(machine.check(8, 0, "SYS1") == "image.target.system");
  machine.add_mount("30 22 8:17 / /media/stick rw - vfat /dev/sdb1 rw");
  CHECK(machine.check(8, 16) == "image.target.mounted");
  CHECK(machine.check(8, 16, "USB123") == "image.target.mounted");
}

TEST_CASE("TG-1: a mount that shows another device number is known by its source", "[image]") {
  const Machine machine;
  machine.add_mount("30 22 0:45 / /data rw - btrfs /dev/sdb1 rw");
  CHECK(machine.check(8, 16) == "image.target.mounted");
}

TEST_CASE("TG-1: swap on a partition is found", "[image]") {
  const Machine machine;
  write_text_file(machine.root() / "proc/swaps",
                  "Filename Type Size Used Priority\n/dev/sdc partition 1000 0 -2\n");
  CHECK(machine.check(8, 32, "WD-00042") == "image.target.swap");
}

TEST_CASE("TG-1: holders are followed through every layer", "[image]") {
  const Machine machine;
  machine.hold("sdb1", "dm-0");
  CHECK(machine.check(8, 16) == "image.target.held");
  machine.hold("dm-0", "dm-1");
  machine.add_mount("30 22 253:1 / /data rw - ext4 /dev/mapper/data rw");
  CHECK(machine.check(8, 16) == "image.target.mounted");
  machine.mounts("22 1 253:1 / / rw - ext4 /dev/mapper/root rw\n");
  CHECK(machine.check(8, 16) == "image.target.system");
  machine.mounts("");
  write_text_file(machine.root() / "proc/swaps", "Filename\n/dev/dm-1 partition 1000 0 -2\n");
  CHECK(machine.check(8, 16) == "image.target.swap");
}

TEST_CASE("TG-1: what cannot be looked up is taken for in use", "[image]") {
  const Machine machine;
  fs::remove(machine.root() / "proc/self/mountinfo");
  CHECK(machine.check(8, 16) == "image.target.unknown");
}

TEST_CASE("an empty reader and a write-protected card are refused", "[image]") {
  const Machine machine;
  write_text_file(machine.of("sdb") / "size", "0\n");
  CHECK(machine.check(8, 16) == "image.target.empty");
  write_text_file(machine.of("mmcblk0") / "ro", "1\n");
  CHECK(machine.check(179, 0) == "image.target.protected");
}

TEST_CASE("WR-3: by the map, each mapped byte is written and the rest stays", "[image]") {
  Stick stick;
  REQUIRE(stick.write() == "written");
  CHECK(stick.result.by_bmap);
  const std::string image = test::read_text(stick.request.image);
  const std::string written = stick.stick();
  const Bmap map = load_bmap(stick.request.image + ".bmap");
  CHECK(stick.result.bytes_written == map.mapped_bytes());
  for (const BmapRange& range : map.ranges)
    CHECK(image.compare(range.offset(), range.size_bytes(), written, range.offset(), range.size_bytes()) ==
          0);
  const uint64_t behind = map.ranges.back().offset() + map.ranges.back().size_bytes();
  CHECK((written.substr(behind, kMiB) == std::string(kMiB, '\xEE')));
}

TEST_CASE("without a map all of the image is written", "[image]") {
  Stick stick;
  fs::remove(stick.request.image + ".bmap");
  REQUIRE(stick.write() == "written");
  CHECK(!stick.result.by_bmap);
  CHECK((stick.stick().substr(0, 64 * kMiB) == test::read_text(stick.request.image)));
}

TEST_CASE("WR-4: no table of an earlier use is left behind the MBR or at the end", "[image]") {
  if (!mend::test::need_program("sgdisk")) return;
  Stick stick;
  REQUIRE(test::run_judge({"sgdisk", "--clear", "--new=1:2048:4096", stick.request.device}).status == 0);
  REQUIRE(stick.stick().find("EFI PART") != std::string::npos);
  REQUIRE(stick.write() == "written");
  CHECK(stick.stick().find("EFI PART") == std::string::npos);
}

TEST_CASE("WR-1: what does not fit, or is not what the map was made for, touches nothing", "[image]") {
  Stick stick;
  write_text_file(stick.request.device + "-small", std::string(1000, 'x'));
  stick.request.device += "-small";
  CHECK(stick.write() == "image.write.small");
  CHECK(test::read_text(stick.request.device) == std::string(1000, 'x'));
  stick.request.device = stick.folder / "stick";

  const std::string whole = test::read_text(stick.request.image);
  const uint64_t in_file = load_bmap(stick.request.image + ".bmap").ranges.back().offset() + 5;
  std::fstream(stick.request.image, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(in_file))
      .put('!');
  CHECK(stick.write() == "image.write.changed");
  fs::resize_file(stick.request.image, 65 * kMiB);
  CHECK(stick.write() == "image.write.map");
  stick.request.bmap = stick.folder / "none.bmap";
  CHECK(stick.write() == "base.file.open");
  CHECK(stick.untouched());

  stick.request.device = stick.request.image;
  CHECK(stick.write() != "written");
  stick.request.device = "/dev/null";
  CHECK(stick.write() != "written");
  stick.request.device = stick.folder / "nowhere";
  CHECK(stick.write() != "written");
  CHECK(!fs::exists(stick.request.device));
}

TEST_CASE("WR-2: a write that is stopped leaves a stick that looks empty", "[image]") {
  Stick stick;
  stick.stop = true;
  CHECK(stick.write() == "image.write.stopped");
  CHECK(all_zero(as_bytes(stick.stick()).first(kBlockBytes)));
}

}  // namespace mend::image
