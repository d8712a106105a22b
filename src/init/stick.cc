// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/stick.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace mend::init {
namespace {

namespace fs = std::filesystem;

uint32_t serial_of(const std::string& image_id) {
  const ByteVector bytes = from_hex(image_id.substr(0, 8));
  uint32_t serial = 0;
  for (const uint8_t byte : bytes) serial = serial << 8 | byte;
  return serial;
}

// Where the kernel has put the device among all devices: ".../usb1/1-1/.../block/sdb/sdb1".
fs::path place_of(const std::string& sys_root, const std::string& name) {
  std::error_code error;
  const fs::path path = fs::canonical(sys_root + "/class/block/" + name, error);
  return error ? fs::path() : path;
}

bool is_virtual(const fs::path& place) {
  return place.string().find("/devices/virtual/") != std::string::npos;
}

// ST-2. A guess that decides about the order only.
bool looks_removable(const fs::path& place) {
  const std::string text = place.string();
  return text.find("/usb") != std::string::npos || text.find("/mmc_host") != std::string::npos;
}

bool has_block_device(const fs::path& usb_interface) {
  std::error_code error;
  // Directories only: sysfs has links that lead out of the device, and back.
  for (fs::recursive_directory_iterator entry(usb_interface, error), end; entry != end;
       entry.increment(error)) {
    if (error) return false;
    if (entry->path().filename() == "block" && entry->is_directory(error)) return true;
  }
  return false;
}

}  // namespace

std::optional<ByteVector> read_first_sector(const std::string& device) {
  const int file = ::open(device.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return std::nullopt;
  ByteVector sector(kBootSectorBytes);
  const ssize_t count = ::pread(file, sector.data(), sector.size(), 0);
  ::close(file);
  if (count != static_cast<ssize_t>(sector.size())) return std::nullopt;
  return sector;
}

StickFinder::StickFinder(Roots roots, const std::string& image_id, ReadSector read_sector)
    : roots_(std::move(roots)), wanted_(serial_of(image_id)), read_sector_(std::move(read_sector)) {}

std::vector<StickFinder::Device> StickFinder::devices() const {
  std::vector<Device> found;
  for (const Entry& entry : list(roots_.sys + "/class/block")) {
    const fs::path place = place_of(roots_.sys, entry.name);
    if (place.empty() || is_virtual(place)) continue;
    // A card reader without a card has no size; when one is put in, it is asked again.
    if (read_number((place / "size").string()).value_or(0) == 0) continue;
    found.push_back({entry.name, entry.inode, looks_removable(place)});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Device& a, const Device& b) { return a.removable && !b.removable; });
  return found;
}

void StickFinder::examine(const Device& device) {
  Known& known = known_[device.name];
  if (known.inode != device.inode) known = Known{device.inode};
  if (known.read || known.tries >= kMaximumTries) return;
  ++known.tries;
  const std::optional<ByteVector> sector = read_sector_(roots_.dev + "/" + device.name);
  if (!sector) return;
  known.read = true;
  known.serial = fat_serial(*sector);
}

StickDevice StickFinder::describe(const std::string& name) const {
  const fs::path place = place_of(roots_.sys, name);
  std::error_code error;
  const bool is_partition = fs::exists(place / "partition", error);
  const fs::path disk = is_partition ? place.parent_path() : place;
  StickDevice stick;
  stick.volume = roots_.dev + "/" + name;
  stick.disk = roots_.dev + "/" + disk.filename().string();
  stick.model = read_line((disk / "device" / "model").string());
  if (stick.model.empty()) stick.model = read_line((disk / "device" / "name").string());
  return stick;
}

std::vector<StickDevice> StickFinder::look() {
  std::vector<StickDevice> sticks;
  const std::vector<Device> present = devices();
  for (auto known = known_.begin(); known != known_.end();) {
    const bool there = std::any_of(present.begin(), present.end(),
                                   [&](const Device& device) { return device.name == known->first; });
    known = there ? std::next(known) : known_.erase(known);
  }
  for (const Device& device : present) {
    examine(device);
    if (known_[device.name].serial == wanted_) sticks.push_back(describe(device.name));
  }
  std::sort(sticks.begin(), sticks.end(),
            [](const StickDevice& a, const StickDevice& b) { return a.volume < b.volume; });
  return sticks;
}

bool StickFinder::more_may_come() const {
  const std::string directory = roots_.sys + "/bus/usb/devices/";
  for (const Entry& entry : list(directory.substr(0, directory.size() - 1))) {
    const std::string path = directory + entry.name;
    if (read_hex(path + "/bInterfaceClass") != 0x08U) continue;  // mass storage
    std::error_code error;
    const fs::path place = fs::canonical(path, error);
    if (!error && !has_block_device(place)) return true;
  }
  return false;
}

}  // namespace mend::init
