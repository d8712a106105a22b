// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/loader.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/clock.h"

namespace mend::init {
namespace {

constexpr unsigned kFewThreads = 2;
constexpr unsigned kManyThreads = 8;

// It finds nothing by itself, but each disk that speaks SCSI: there before the first of them, ML-4 includes
// it.
constexpr const char* kDiskDriver = "sd_mod";
// An option of every module: the kernel does not wait for the probing that the module's loading starts.
constexpr const char* kAsyncProbe = "async_probe";

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

Urgency urgency_of(std::string_view modalias) {
  const auto starts = [&](std::string_view prefix) { return starts_with(modalias, prefix); };
  if (starts("pci:")) {
    if (contains(modalias, "bc0Csc03")) return Urgency::kUsbPorts;
    if (contains(modalias, "bc01sc06") || contains(modalias, "bc01sc04")) return Urgency::kSlowDisks;
    return contains(modalias, "bc01") || contains(modalias, "bc08sc05") ? Urgency::kStorage : Urgency::kRest;
  }
  // A device on USB that is no mass storage is a keyboard, a camera and the like.
  if (starts("usb:")) return contains(modalias, "ic08") ? Urgency::kStorage : Urgency::kRest;
  for (const std::string_view bus : {"scsi:", "mmc:", "virtio:", "vmbus:", "xen:", "platform:"}) {
    if (starts(bus)) return Urgency::kStorage;
  }
  if (starts("acpi:")) {
    if (contains(modalias, ":PNP0C0A:") || contains(modalias, ":ACPI0003:")) return Urgency::kBattery;
    return contains(modalias, "80860F14") || contains(modalias, "INT33") || contains(modalias, "AMDI0040") ||
                   contains(modalias, "VMBUS")
               ? Urgency::kStorage
               : Urgency::kRest;
  }
  return Urgency::kRest;
}

ModuleLoader::ModuleLoader(std::map<std::string, std::string> options, std::string sys_root, Insert insert,
                           unsigned threads)
    : options_(std::move(options)),
      sys_root_(std::move(sys_root)),
      insert_(std::move(insert)),
      changes_(sys_root_) {
  if (threads == 0) threads = std::clamp(std::thread::hardware_concurrency(), kFewThreads, kManyThreads);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

ModuleLoader::~ModuleLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

// The place of the most urgent request in waiting_ that may begin now (ML-5); its size when there is none.
size_t ModuleLoader::next_request() const {
  const auto first =
      std::min_element(waiting_.begin(), waiting_.end(),
                       [](const Request& a, const Request& b) { return a.urgency < b.urgency; });
  if (first == waiting_.end()) return waiting_.size();
  const bool must_wait =
      first->urgency == Urgency::kRest && !serving_.empty() && *serving_.begin() < Urgency::kRest;
  return must_wait ? waiting_.size() : static_cast<size_t>(first - waiting_.begin());
}

void ModuleLoader::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop_ || next_request() != waiting_.size(); });
    if (stop_) return;
    const auto place = waiting_.begin() + static_cast<ptrdiff_t>(next_request());
    const Request request = std::move(*place);
    waiting_.erase(place);
    const auto mark = serving_.insert(request.urgency);
    lock.unlock();
    serve(request);
    lock.lock();
    serving_.erase(mark);
    changed_.notify_all();
  }
}

void ModuleLoader::serve(const Request& request) {
  if (request.urgency == Urgency::kFirst) {
    for (const std::string& file : request.names) load_one(file, request.because, Probing::kLeave);
    return;
  }
  const bool for_disks = request.urgency == Urgency::kSlowDisks || request.urgency == Urgency::kStorage;
  if (for_disks) load(kDiskDriver, request.because, Probing::kLeave);
  for (const std::string& name : request.names)
    load(name, request.because, for_disks ? Probing::kAwait : Probing::kLeave);
}

void ModuleLoader::load(const std::string& name, const std::string& because, Probing probing) {
  bool needed_only = true;
  for (const std::string& module : index_.order(name)) {
    if (module == module_name(name)) needed_only = false;
    load_one(index_.file(module), because, needed_only ? Probing::kLeave : probing);
  }
}

// Returns when the module is loaded, whichever thread does it.
void ModuleLoader::load_one(const std::string& file, const std::string& because, Probing probing) {
  const std::string module = module_name(file);
  std::unique_lock lock(mutex_);
  const auto [place, is_new] = modules_.emplace(module, State::kLoading);
  State& state = place->second;
  if (!is_new) return changed_.wait(lock, [&] { return state == State::kDone; });
  lock.unlock();
  const auto set = options_.find(module);
  std::string options = set == options_.end() ? std::string() : set->second;
  if (probing == Probing::kLeave) options += options.empty() ? kAsyncProbe : " " + std::string(kAsyncProbe);
  int error = insert_(file, options);
  if (error == EEXIST) error = 0;
  lock.lock();
  log_.push_back({module, because, error, seconds_since_start()});
  state = State::kDone;
  changed_.notify_all();
}

void ModuleLoader::add(std::vector<Request> requests) {
  const std::lock_guard lock(mutex_);
  std::move(requests.begin(), requests.end(), std::back_inserter(waiting_));
  changed_.notify_all();
}

void ModuleLoader::look_at_bus(const std::string& name, std::set<Device>& present,
                               std::vector<Request>& requests) {
  const std::string directory = sys_root_ + "/bus/" + name + "/devices";
  for (const Entry& device : list(directory)) {
    const std::string path = directory + "/" + device.name;
    present.emplace(path, device.inode);
    if (devices_.count({path, device.inode}) != 0) continue;
    const std::string modalias = modalias_in(read_text(path + "/uevent"));
    if (modalias.empty() || !aliases_.insert(modalias).second) continue;
    std::vector<std::string> names = index_.matching(modalias);
    if (names.empty()) continue;
    // One that has a driver waits for none: `uas` for a stick that `usb_storage` serves.
    const bool served = ::access((path + "/driver").c_str(), F_OK) == 0;
    requests.push_back({served ? Urgency::kRest : urgency_of(modalias), modalias, std::move(names)});
  }
}

void ModuleLoader::load_first(std::vector<std::string> files) {
  add({{Urgency::kFirst, "before all else", std::move(files)}});
}

void ModuleLoader::start(ModuleIndex index, const std::vector<std::string>& always,
                         const std::vector<std::string>& later) {
  index_ = std::move(index);
  look();
  std::vector<Request> requests;
  requests.reserve(always.size() + later.size());
  for (const std::string& name : always) requests.push_back({Urgency::kAlways, "always", {name}});
  for (const std::string& name : later) requests.push_back({Urgency::kRest, "always", {name}});
  add(std::move(requests));
}

bool ModuleLoader::look() {
  if (!changes_.any()) return false;
  bool found = false;
  std::set<Device> present;
  std::vector<Entry> buses = list(sys_root_ + "/bus");
  // The ports are on PCI, and their drivers are under way while the others are looked at.
  std::stable_partition(buses.begin(), buses.end(), [](const Entry& bus) { return bus.name == "pci"; });
  for (const Entry& bus : buses) {
    std::vector<Request> requests;
    look_at_bus(bus.name, present, requests);
    found |= !requests.empty();
    if (!requests.empty()) add(std::move(requests));
  }
  devices_ = std::move(present);
  return found;
}

bool ModuleLoader::storage_is_idle() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(waiting_.begin(), waiting_.end(),
                     [](const Request& request) { return request.urgency == Urgency::kRest; }) &&
         (serving_.empty() || *serving_.begin() == Urgency::kRest);
}

bool ModuleLoader::storage_done() {
  // A driver that finishes after the look may have brought devices that were not seen by it.
  const bool was_idle = storage_is_idle();
  look();
  return was_idle && storage_is_idle();
}

void ModuleLoader::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.empty() && serving_.empty(); });
}

std::vector<LoadedModule> ModuleLoader::log(size_t skip) const {
  const std::lock_guard lock(mutex_);
  return {log_.begin() + static_cast<ptrdiff_t>(std::min(skip, log_.size())), log_.end()};
}

std::vector<LoadedModule> ModuleLoader::failures() const {
  std::vector<LoadedModule> failures;
  for (LoadedModule& module : log()) {
    if (module.error != 0 && module.error != ENODEV) failures.push_back(std::move(module));
  }
  return failures;
}

std::vector<std::string> ModuleLoader::at_work() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, state] : modules_)
    if (state == State::kLoading) names.push_back(name);
  return names;
}

}  // namespace mend::init
