// SPDX-License-Identifier: GPL-3.0-or-later
// Loads the kernel modules that this machine's devices ask for, in threads of its own, so that the waiting of
// one driver is not that of the others, and init can look meanwhile whether the stick and a disk have come.
// What brings a disk comes first; keyboards and the rest follow, if need be while `mend` works already.
//
// Invariants
//   ML-1  A module is given to the kernel once, after those that it needs.
//   ML-2  A module that cannot be loaded is remembered with the kernel's reason and never stops the others.
//   ML-3  A device is asked once; one that is unplugged and comes again counts as another.
//   ML-4  When storage_done() is true, what the drivers found on PCI and SATA is there: a driver that may
//   bring
//         a disk is loaded so that the kernel returns only when all probing under way is done. What it
//         needs, and all others, wait for nothing. USB, SD and Hyper-V answer later, on their own.
//   ML-5  The most urgent request is served first; what can wait begins when nothing more urgent is at work.
// The public functions are for one thread. Owns its threads, and waits for them when it goes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "init/module_index.h"
#include "init/sysfs.h"

namespace mend::init {

// Gives the file to the kernel with these options; 0 or the errno value. From several threads at a time.
using Insert = std::function<int(const std::string& file, const std::string& options)>;
int insert_into_kernel(const std::string& file, const std::string& options);

// "options usb_storage delay_use=0" lines, as in modprobe.d, by name.
std::map<std::string, std::string> parse_module_options(std::string_view text);

// How soon a device is served. What hangs on USB, and next on SATA and RAID, takes its time to answer.
// kStorage: what else can bring a disk, or the stick.
enum class Urgency { kFirst, kUsbPorts, kSlowDisks, kAlways, kStorage, kBattery, kRest };
Urgency urgency_of(std::string_view modalias);

struct LoadedModule {
  std::string name;
  std::string because;    // the alias of the device, or "always"
  int error = 0;          // errno value; 0: loaded, or there already
  double at_seconds = 0;  // since the kernel's start
};

class ModuleLoader {
 public:
  // `threads` 0: as many as the machine has processors, within reason.
  ModuleLoader(std::map<std::string, std::string> options, std::string sys_root, Insert insert,
               unsigned threads = 0);
  ~ModuleLoader();
  ModuleLoader(const ModuleLoader&) = delete;
  ModuleLoader& operator=(const ModuleLoader&) = delete;

  // Files, in this order, by one of the threads. Needs no index: it is for what begins before all else.
  void load_first(std::vector<std::string> files);
  // From here on the modules are known. `always`, and what the devices of the machine ask for, is loaded by
  // the threads; `later` when there is nothing else.
  void start(ModuleIndex index, const std::vector<std::string>& always,
             const std::vector<std::string>& later = {});

  // Whether the kernel is to wait for the probing under way when it has loaded the module.
  enum class Probing { kAwait, kLeave };
  // One module by name, with what it needs, in this thread. What is no module is taken to be built in.
  void load(const std::string& name, const std::string& because, Probing probing = Probing::kLeave);
  // What the devices that came since the last look ask for is served too. False when there was nothing new.
  bool look();
  // True when no device that can bring a disk, or tell of the battery, waits for its driver.
  bool storage_done();
  // Returns when there is nothing left to do.
  void wait();

  // In the order in which they were done; those after the first `skip`.
  std::vector<LoadedModule> log(size_t skip = 0) const;
  // Those that failed for another reason than that their hardware is not there.
  std::vector<LoadedModule> failures() const;
  // Drivers that the kernel has been given and that have not finished.
  std::vector<std::string> at_work() const;

 private:
  using Device = std::pair<std::string, uint64_t>;  // path and inode
  struct Request {
    Urgency urgency;
    std::string because;
    std::vector<std::string> names;  // kFirst: files
  };
  void work();
  size_t next_request() const;
  bool storage_is_idle() const;
  void serve(const Request& request);
  void load_one(const std::string& file, const std::string& because, Probing probing);
  void look_at_bus(const std::string& name, std::set<Device>& present, std::vector<Request>& requests);
  void add(std::vector<Request> requests);

  ModuleIndex index_;  // set before the first request that needs it
  const std::map<std::string, std::string> options_;
  const std::string sys_root_;
  const Insert insert_;
  DeviceChanges changes_;
  std::set<Device> devices_;       // ML-3
  std::set<std::string> aliases_;  // those answered

  mutable std::mutex mutex_;  // for what follows
  std::condition_variable changed_;
  std::vector<Request> waiting_;
  std::multiset<Urgency> serving_;  // requests that a thread works on
  enum class State { kLoading, kDone };
  std::map<std::string, State> modules_;  // ML-1
  std::vector<LoadedModule> log_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace mend::init
