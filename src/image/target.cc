// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "image/content.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator list(folder, error), end; !error && list != end; list.increment(error))
    entries.push_back(list->path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

// The disk, its partitions, and all that is built on any of them.
struct Family {
  std::set<std::string> names;    // "sda", "sda1", "dm-0"
  std::set<std::string> numbers;  // "8:0"
  std::string holder;             // one that is built on it; empty: none

  void add(const fs::path& device) {
    if (!names.insert(device.filename().string()).second) return;
    numbers.insert(first_line(device / "dev"));
    std::error_code error;
    for (const fs::path& entry : entries_of(device)) {
      if (fs::exists(entry / "partition", error)) add(entry);
    }
    for (const fs::path& entry : entries_of(device / "holders")) {
      const fs::path real = fs::canonical(entry, error);
      if (holder.empty()) holder = entry.filename().string();
      add(error ? entry : real);
    }
  }

  // A device by the path that mountinfo or swaps gives, which may be a link such as /dev/mapper/x.
  bool has(const std::string& device) const {
    std::error_code error;
    const fs::path real = fs::canonical(device, error);
    return names.count(fs::path(device).filename().string()) != 0 ||
           (!error && names.count(real.filename().string()) != 0);
  }
};

[[noreturn]] void refuse(const char* id, const std::string& path, const std::string& why) {
  throw Error(ErrorCode::kRefused, id, fmt::format("{} {}; nothing was written", path, why));
}

// One that this system cannot tell about is not written either.
std::ifstream open_list(const fs::path& path, const std::string& disk) {
  std::ifstream file(path);
  if (!file) refuse("image.target.unknown", disk, "may be in use: cannot read " + path.string());
  return file;
}

void check_mounts(const HostRoots& roots, const Family& family, const std::string& path) {
  std::ifstream list = open_list(fs::path(roots.proc) / "self" / "mountinfo", path);
  std::string where;
  for (std::string line; std::getline(list, line);) {
    std::istringstream words(line);
    std::string id, parent, number, root, mount_point, source;
    words >> id >> parent >> number >> root >> mount_point;
    const size_t dash = line.find(" - ");
    if (dash != std::string::npos) {
      std::istringstream rest(line.substr(dash + 3));
      std::string type;
      rest >> type >> source;
    }
    const bool is_device = source.rfind("/dev/", 0) == 0;
    if (family.numbers.count(number) == 0 && !(is_device && family.has(source))) continue;
    if (mount_point == "/") refuse("image.target.system", path, "is the disk that this system runs from");
    if (where.empty()) where = printable(mount_point);
  }
  if (!where.empty())
    refuse("image.target.mounted", path, fmt::format("is mounted at {}: unmount it first", where));
}

void check_swap(const HostRoots& roots, const Family& family, const std::string& path) {
  std::ifstream list = open_list(fs::path(roots.proc) / "swaps", path);
  for (std::string line; std::getline(list, line);) {
    const std::string device = line.substr(0, line.find(' '));
    if (device.rfind('/', 0) == 0 && family.has(device))
      refuse("image.target.swap", path,
             fmt::format("holds swap space of this system ({})", printable(device)));
  }
}

// Where the disk's own directory has none: that of the USB device it belongs to.
std::string usb_serial(const fs::path& sys_root, fs::path device) {
  while (device.has_relative_path() && device != sys_root) {
    std::string serial = first_line(device / "serial");
    if (!serial.empty()) return serial;
    device = device.parent_path();
  }
  return {};
}

void check_kind(const disk::Identity& identity, bool is_card, const std::string& serial) {
  const std::string known =
      identity.serial.empty() ? "its serial number is not known" : "its serial number is " + identity.serial;
  const std::string what =
      printable(trim_ascii(identity.vendor + " " + identity.model + ", " + size_text(identity.size_bytes)));
  if (!serial.empty() && serial != identity.serial) {
    refuse("image.target.serial", identity.path,
           fmt::format("({}) is not the disk with the serial number {}: {}", what, printable(serial), known));
  }
  if (serial.empty() && !identity.removable && !identity.usb && !is_card) {
    refuse("image.target.fixed", identity.path,
           fmt::format(
               "({}) is neither removable nor on USB. If it is the right one, name it with --serial ({})",
               what, known));
  }
}

}  // namespace

disk::Identity check_target(const HostRoots& roots, unsigned major, unsigned minor, const std::string& path,
                            const std::string& serial) {
  disk::Identity identity;
  identity.path = path;
  disk::read_identity(roots.sys, major, minor, identity);
  std::error_code error;
  const fs::path device =
      fs::canonical(fs::path(roots.sys) / "dev" / "block" / fmt::format("{}:{}", major, minor), error);
  if (error)
    refuse("image.target.unknown", path, "is not known to the kernel: cannot find it in " + roots.sys);
  if (identity.usb && identity.serial.empty())
    identity.serial = usb_serial(fs::weakly_canonical(roots.sys, error), device);
  std::istringstream(first_line(device / "size")) >> identity.size_bytes;
  identity.size_bytes *= 512;  // whatever the disk's sectors are

  Family family;
  family.add(device);
  check_mounts(roots, family, path);
  check_swap(roots, family, path);
  if (!family.holder.empty()) {
    refuse("image.target.held", path,
           fmt::format("is a part of {} (LVM, an array, or encryption): stop that first", family.holder));
  }
  if (identity.size_bytes == 0) refuse("image.target.empty", path, "has no medium in it");
  if (first_line(device / "ro") == "1") refuse("image.target.protected", path, "is write-protected");
  check_kind(identity, first_line(device / "device" / "type") == "SD", serial);
  return identity;
}

}  // namespace mend::image
