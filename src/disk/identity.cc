// SPDX-License-Identifier: GPL-3.0-or-later
// What the kernel tells about disks, in sysfs.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/text.h"
#include "disk/disk.h"

namespace mend::disk {
namespace {

namespace fs = std::filesystem;

// The start of a sysfs file, at most 4 KiB; empty when it cannot be read.
std::string read_raw(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(4096, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  return text;
}

std::string read_text(const fs::path& path) {
  return printable(trim_ascii(read_raw(path)));
}

// The serial number page of SCSI and SATA disks: four bytes of header, the last two the length.
std::string read_serial_page(const fs::path& path) {
  const std::string page = read_raw(path);
  if (page.size() < 4) return {};
  const size_t length = read_le<uint8_t>(as_bytes(page), 2) * 256U + read_le<uint8_t>(as_bytes(page), 3);
  return printable(trim_ascii(std::string_view(page).substr(4, length)));
}

std::string first_of(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

bool is_on_usb(const fs::path& device) {
  return std::any_of(device.begin(), device.end(),
                     [](const fs::path& part) { return part.string().rfind("usb", 0) == 0; });
}

// Some bus on the way to the disk can be unplugged: the kernel says so of USB and Thunderbolt.
bool is_behind_removable_port(const fs::path& sys_root, fs::path device) {
  while (device.has_relative_path() && device != sys_root) {
    if (read_text(device / "removable") == "removable") return true;
    device = device.parent_path();
  }
  return false;
}

bool is_disk_name(const std::string& name) {
  const auto starts = [&](std::string_view prefix) { return name.rfind(prefix, 0) == 0; };
  if (starts("mmcblk"))
    return name.find("boot") == std::string::npos && name.find("rpmb") == std::string::npos;
  return starts("nvme") || starts("sd") || starts("vd") || starts("xvd");
}

enum class Place { kInternal, kExternal, kNoDisk };

Place place_of(const fs::path& sys_root, const std::string& name) {
  std::error_code error;
  const fs::path device = fs::canonical(sys_root / "block" / name, error);
  if (error || !is_disk_name(name)) return Place::kNoDisk;
  const std::string size = read_text(device / "size");
  if (size.empty() || size == "0" || read_text(device / "hidden") == "1") return Place::kNoDisk;
  const std::string card = read_text(device / "device" / "type");  // a soldered chip says MMC
  // What the kernel (from 6.6 on) says of a card itself is that of its slot: of a chip, too, behind a
  // controller that is not known to have chips only. What is above the slot counts.
  const fs::path way =
      card == "MMC" ? fs::canonical(device / "device", error).parent_path() : device.parent_path();
  const bool external = read_text(device / "removable") == "1" || card == "SD" || is_on_usb(device) ||
                        is_behind_removable_port(fs::weakly_canonical(sys_root, error), way);
  return external ? Place::kExternal : Place::kInternal;
}

std::vector<std::string> disks_at(Place place, const std::string& sys_root, const std::string& dev_root) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::directory_iterator list(fs::path(sys_root) / "block", error);
  if (error)
    throw_errno("disk.identity.list", "cannot list the disks in " + sys_root + "/block", error.value());
  for (const fs::directory_entry& entry : list) {
    const std::string name = entry.path().filename().string();
    if (place_of(sys_root, name) == place) paths.push_back((fs::path(dev_root) / name).string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

void read_identity(const std::string& sys_root, unsigned major, unsigned minor, Identity& identity) {
  std::error_code error;
  const fs::path device =
      fs::canonical(fs::path(sys_root) / "dev" / "block" / fmt::format("{}:{}", major, minor), error);
  if (error) return;
  if (fs::exists(device / "partition", error)) {
    throw Error(
        ErrorCode::kUsage, "disk.identity.partition",
        fmt::format("/dev/{} is a partition; name its whole disk, /dev/{}, since what protects an array or "
                    "tells a copy stands outside of partitions",
                    device.filename().string(), device.parent_path().filename().string()));
  }
  identity.vendor = read_text(device / "device" / "vendor");
  if (identity.vendor.rfind("0x", 0) == 0) identity.vendor.clear();  // a PCI number, no name
  identity.model = first_of({read_text(device / "device" / "model"), read_text(device / "device" / "name")});
  identity.serial = first_of({read_serial_page(device / "device" / "vpd_pg80"),
                              read_text(device / "device" / "serial"), read_text(device / "serial")});
  identity.wwn = first_of({read_text(device / "wwid"), read_text(device / "device" / "wwid")});
  identity.removable = read_text(device / "removable") == "1";
  identity.usb = is_on_usb(device);
}

std::vector<std::string> internal_disks(const std::string& sys_root, const std::string& dev_root) {
  return disks_at(Place::kInternal, sys_root, dev_root);
}

std::vector<std::string> internal_disks() {
  return internal_disks("/sys", "/dev");
}

std::vector<std::string> external_disks(const std::string& sys_root, const std::string& dev_root) {
  return disks_at(Place::kExternal, sys_root, dev_root);
}

std::vector<std::string> external_disks() {
  return external_disks("/sys", "/dev");
}

}  // namespace mend::disk
