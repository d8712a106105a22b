// SPDX-License-Identifier: GPL-3.0-or-later
// What the screen says when no disk is there: which controller, why, and the remedy.
#include <cerrno>

#include "init/controllers.h"
#include "tests/support/catch.h"
#include "tests/unit/init/fake_tree.h"

using namespace mend;
using namespace mend::init;
using mend::test::FakeTree;

namespace {

void pci(const FakeTree& tree, const std::string& address, const std::string& vendor,
         const std::string& device, const std::string& class_code, const std::string& driver = "") {
  const std::string path = "sys/bus/pci/devices/" + address;
  tree.file(path + "/vendor", vendor + "\n");
  tree.file(path + "/device", device + "\n");
  tree.file(path + "/class", class_code + "\n");
  if (!driver.empty()) tree.link(path + "/driver", "sys/bus/pci/drivers/" + driver);
}

// The one paragraph about the one controller.
std::string paragraph(const FakeTree& tree) {
  const std::vector<std::string> paragraphs = explain_no_disk(storage_controllers(tree.sys()), {});
  REQUIRE(paragraphs.size() == 1);
  return paragraphs[0];
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Storage controllers and SD hosts are listed, with their drivers; nothing else", "[init]") {
  const FakeTree tree;
  pci(tree, "0000:00:02.0", "0x8086", "0x9a49", "0x030000", "i915");
  pci(tree, "0000:00:17.0", "0x8086", "0xa0d3", "0x010601", "ahci");
  pci(tree, "0000:00:1a.0", "0x8086", "0x4b47", "0x080501", "sdhci-pci");
  pci(tree, "0000:01:00.0", "0x144d", "0xa808", "0x010802");
  const std::vector<Controller> found = storage_controllers(tree.sys());
  REQUIRE(found.size() == 3);
  CHECK(describe(found[0]) == "PCI 8086:a0d3 (SATA controller at 0000:00:17.0), driver ahci");
  CHECK(describe(found[1]) == "PCI 8086:4b47 (SD or eMMC host at 0000:00:1a.0), driver sdhci-pci");
  CHECK(describe(found[2]) == "PCI 144d:a808 (NVMe disk at 0000:01:00.0), no driver");
}

TEST_CASE("Intel VMD: switch it off, and set it back before Windows starts", "[init]") {
  const FakeTree tree;
  SECTION("its driver works") {
    pci(tree, "0000:00:0e.0", "0x8086", "0x9a0b", "0x010400", "vmd");
  }
  SECTION("it is too new for the driver") {
    pci(tree, "0000:00:0e.0", "0x8086", "0xffff", "0x010400");
  }
  const std::string text = paragraph(tree);
  CHECK(holds(text, "VMD"));
  CHECK(holds(text, "AHCI"));
  CHECK(holds(text, "SET IT BACK BEFORE WINDOWS STARTS"));
}

TEST_CASE("NVMe disks that RST hides behind AHCI are counted, with the mode to set", "[init]") {
  const FakeTree tree;
  pci(tree, "0000:00:17.0", "0x8086", "0x282a", "0x010400", "ahci");
  tree.file("sys/bus/pci/devices/0000:00:17.0/remapped_nvme", "1\n");
  const std::string text = paragraph(tree);
  CHECK(holds(text, "hides 1 NVMe disk behind it"));
  CHECK(holds(text, "\"AHCI\""));
  CHECK(holds(text, "SET IT BACK BEFORE WINDOWS STARTS"));
}

TEST_CASE("An AHCI controller that hides nothing gets no advice about the firmware's mode", "[init]") {
  const FakeTree tree;
  pci(tree, "0000:00:17.0", "0x8086", "0xa0d3", "0x010601", "ahci");
  tree.file("sys/bus/pci/devices/0000:00:17.0/remapped_nvme", "0\n");
  CHECK(holds(paragraph(tree), "cable"));
  CHECK_FALSE(holds(paragraph(tree), "SET IT BACK"));
}

TEST_CASE("A controller without a driver: its numbers, and whom to tell", "[init]") {
  const FakeTree tree;
  pci(tree, "0000:03:00.0", "0x1000", "0xbeef", "0x010700");
  CHECK(holds(paragraph(tree), "PCI 1000:beef"));
  CHECK(holds(paragraph(tree), "no driver"));
  CHECK(holds(paragraph(tree), "whoever made the stick"));
}

TEST_CASE("A RAID controller that shows no disk: its own setup", "[init]") {
  const FakeTree tree;
  pci(tree, "0000:03:00.0", "0x1000", "0x005d", "0x010400", "megaraid_sas");
  CHECK(holds(paragraph(tree), "array"));
  CHECK_FALSE(holds(paragraph(tree), "SET IT BACK"));
}

TEST_CASE("No controller at all, and drivers that failed, are said too", "[init]") {
  const FakeTree tree;
  const std::vector<std::string> none = explain_no_disk(storage_controllers(tree.sys()), {});
  REQUIRE(none.size() == 1);
  CHECK(holds(none[0], "no storage controller"));
  const std::vector<std::string> failed =
      explain_no_disk(storage_controllers(tree.sys()), {{"nvme", "pci:x", EKEYREJECTED, 1.0}});
  REQUIRE(failed.size() == 2);
  CHECK(holds(failed[1], "nvme"));
  CHECK(holds(failed[1], "rejected"));
}
