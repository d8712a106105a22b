// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/loader.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "init/sysfs.h"

namespace mend::init {
namespace {

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The value of MODALIAS= in a device's uevent; some buses (mmc) have no file of that name.
std::string modalias_in(const std::string& uevent) {
  constexpr std::string_view kKey = "MODALIAS=";
  for (const std::string_view line : lines(uevent)) {
    if (starts_with(line, kKey)) return std::string(line.substr(kKey.size()));
  }
  return {};
}

double seconds_since_start() {
  return static_cast<double>(monotonic_ns()) / 1e9;
}

}  // namespace

int insert_into_kernel(const std::string& file, const std::string& options) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const long result = ::syscall(SYS_finit_module, descriptor, options.c_str(), 0);
  const int error = result == 0 ? 0 : errno;
  ::close(descriptor);
  return error;
}

std::map<std::string, std::string> parse_module_options(std::string_view text) {
  std::map<std::string, std::string> options;
  for (const std::string_view line : lines(text)) {
    const std::vector<std::string_view> parts = words(line);
    if (parts.size() < 3 || parts[0] != "options") continue;
    std::string& value = options[module_name(parts[1])];
    for (size_t i = 2; i < parts.size(); ++i) value.append(value.empty() ? "" : " ").append(parts[i]);
  }
  return options;
}

int urgency_of(std::string_view modalias) {
  const auto starts = [&](std::string_view prefix) { return starts_with(modalias, prefix); };
  if (starts("pci:")) {
    if (contains(modalias, "bc0Csc03")) return kUsbPorts;
    return contains(modalias, "bc01") || contains(modalias, "bc08sc05") ? kStorage : kRest;
  }
  // A device on USB that is no mass storage is a keyboard, a camera and the like.
  if (starts("usb:")) return contains(modalias, "ic08") ? kStorage : kRest;
  for (const std::string_view bus : {"scsi:", "mmc:", "virtio:", "vmbus:", "xen:", "platform:"}) {
    if (starts(bus)) return kStorage;
  }
  if (starts("acpi:")) {
    if (contains(modalias, ":PNP0C0A:") || contains(modalias, ":ACPI0003:")) return kBattery;
    return contains(modalias, "80860F14") || contains(modalias, "INT33") || contains(modalias, "AMDI0040") ||
                   contains(modalias, "VMBUS")
               ? kStorage
               : kRest;
  }
  return kRest;
}

ModuleLoader::ModuleLoader(ModuleIndex index, std::map<std::string, std::string> options,
                           std::string sys_root, Insert insert)
    : index_(std::move(index)),
      options_(std::move(options)),
      sys_root_(std::move(sys_root)),
      insert_(std::move(insert)) {}

void ModuleLoader::load(const std::string& name, const std::string& because) {
  for (const std::string& module : index_.order(name)) {
    if (!tried_.insert(module).second) continue;
    const auto options = options_.find(module);
    int error = insert_(index_.file(module), options == options_.end() ? std::string() : options->second);
    if (error == EEXIST) error = 0;
    log_.push_back({module, because, error, seconds_since_start()});
  }
}

void ModuleLoader::look_for_devices() {
  std::set<std::pair<std::string, uint64_t>> present;
  for (const Entry& bus : list(sys_root_ + "/bus")) {
    const std::string directory = sys_root_ + "/bus/" + bus.name + "/devices";
    for (const Entry& device : list(directory)) {
      const std::string path = directory + "/" + device.name;
      present.emplace(path, device.inode);
      if (devices_.count({path, device.inode}) != 0) continue;
      const std::string modalias = modalias_in(read_text(path + "/uevent"));
      if (modalias.empty() || !aliases_.insert(modalias).second) continue;
      if (!index_.matching(modalias).empty()) waiting_.push_back({modalias, urgency_of(modalias)});
    }
  }
  devices_ = std::move(present);
}

bool ModuleLoader::step(int urgency) {
  look_for_devices();
  if (waiting_.empty()) return false;
  const auto most_urgent =
      std::min_element(waiting_.begin(), waiting_.end(),
                       [](const Request& a, const Request& b) { return a.urgency < b.urgency; });
  if (most_urgent->urgency > urgency) return false;
  const Request request = *most_urgent;
  waiting_.erase(most_urgent);
  for (const std::string& name : index_.matching(request.modalias)) load(name, request.modalias);
  return true;
}

bool ModuleLoader::storage_done() {
  look_for_devices();
  return std::none_of(waiting_.begin(), waiting_.end(),
                      [](const Request& request) { return request.urgency <= kBattery; });
}

std::vector<LoadedModule> ModuleLoader::failures() const {
  std::vector<LoadedModule> failures;
  for (const LoadedModule& module : log_) {
    if (module.error != 0 && module.error != ENODEV) failures.push_back(module);
  }
  return failures;
}

}  // namespace mend::init
