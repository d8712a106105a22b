// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/controllers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "init/sysfs.h"

namespace mend::init {
namespace {

constexpr uint32_t kIntel = 0x8086;
constexpr uint32_t kStorageClass = 0x01;
constexpr uint32_t kRaid = 0x0104;
constexpr uint32_t kSdHost = 0x0805;

constexpr std::string_view kSetBack =
    "Write down the old value, and SET IT BACK BEFORE WINDOWS STARTS: with the other one Windows does not "
    "start, "
    "or asks for its BitLocker recovery key.";

uint32_t subclass_of(const Controller& controller) {
  return controller.class_code >> 8;
}

std::string_view kind_of(const Controller& controller) {
  switch (subclass_of(controller)) {
    case 0x0100:
      return "SCSI controller";
    case 0x0101:
      return "IDE controller";
    case kRaid:
      return "RAID controller";
    case 0x0106:
      return "SATA controller";
    case 0x0107:
      return "SAS controller";
    case 0x0108:
      return "NVMe disk";
    case kSdHost:
      return "SD or eMMC host";
    default:
      return "storage controller";
  }
}

bool is_intel_raid(const Controller& controller) {
  return controller.vendor == kIntel && subclass_of(controller) == kRaid;
}

std::string remedy_for_remapping(const Controller& controller) {
  return fmt::format(
      "Intel RST hides {} NVMe disk{} behind it, where no Linux driver reaches {}. Remedy: in the firmware's "
      "setup "
      "set the storage (SATA) mode from \"RAID\", \"RST\" or \"Optane\" to \"AHCI\", then start from this "
      "stick "
      "again. {}",
      controller.remapped_nvme, controller.remapped_nvme == 1 ? "" : "s",
      controller.remapped_nvme == 1 ? "it" : "them", kSetBack);
}

std::string remedy_for_intel_raid(const Controller& controller) {
  const std::string_view state =
      controller.driver.empty()
          ? "This is Intel's VMD or RST, in a generation that the stick's driver does not know."
          : "This is Intel's VMD or RST; its driver works, and no disk answers behind it.";
  return fmt::format(
      "{} Remedy: in the firmware's setup switch VMD off, or set the storage mode from \"RAID\" to \"AHCI\", "
      "then "
      "start from this stick again. {}",
      state, kSetBack);
}

std::string remedy_for(const Controller& controller) {
  if (controller.remapped_nvme > 0) return remedy_for_remapping(controller);
  if (is_intel_raid(controller)) return remedy_for_intel_raid(controller);
  if (controller.driver.empty()) {
    return "The stick has no driver for it. Remedy: tell these numbers to whoever made the stick; until "
           "then, attach "
           "the disk to another machine.";
  }
  if (subclass_of(controller) == kSdHost) return "No chip or card answers there; that may be as it should.";
  if (subclass_of(controller) == kRaid) {
    return "The driver works, and the controller shows no disk. Remedy: look in its own setup whether an "
           "array is "
           "defined and not offline.";
  }
  return "The driver works, and no disk answers there. If the firmware's setup does not list the disk "
         "either, it is "
         "dead or its cable is loose.";
}

}  // namespace

std::vector<Controller> storage_controllers(const std::string& sys_root) {
  std::vector<Controller> found;
  const std::string directory = sys_root + "/bus/pci/devices";
  for (const Entry& entry : list(directory)) {
    const std::string path = directory + "/" + entry.name;
    Controller controller;
    controller.class_code = read_hex(path + "/class").value_or(0);
    if (controller.class_code >> 16 != kStorageClass && subclass_of(controller) != kSdHost) continue;
    controller.address = entry.name;
    controller.vendor = read_hex(path + "/vendor").value_or(0);
    controller.device = read_hex(path + "/device").value_or(0);
    controller.driver = link_name(path + "/driver");
    controller.remapped_nvme = read_number(path + "/remapped_nvme").value_or(0);
    found.push_back(controller);
  }
  return found;
}

std::string describe(const Controller& controller) {
  return fmt::format("PCI {:04x}:{:04x} ({} at {}), {}", controller.vendor, controller.device,
                     kind_of(controller), controller.address,
                     controller.driver.empty() ? "no driver" : "driver " + controller.driver);
}

std::vector<std::string> explain_no_disk(const std::vector<Controller>& controllers,
                                         const std::vector<LoadedModule>& failures) {
  std::vector<std::string> paragraphs;
  paragraphs.reserve(controllers.size() + failures.size() + 1);
  for (const Controller& controller : controllers)
    paragraphs.push_back(describe(controller) + ". " + remedy_for(controller));
  if (controllers.empty()) {
    paragraphs.emplace_back(
        "This machine shows no storage controller at all. Remedy: look in the firmware's setup whether the "
        "disk "
        "or its port is switched off.");
  }
  for (const LoadedModule& module : failures) {
    paragraphs.push_back(
        fmt::format("The driver {} could not be loaded: {}. Remedy: tell this to whoever made the stick.",
                    module.name, std::strerror(module.error)));
  }
  return paragraphs;
}

}  // namespace mend::init
