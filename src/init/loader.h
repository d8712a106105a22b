// SPDX-License-Identifier: GPL-3.0-or-later
// Loads the kernel modules that this machine's devices ask for, a little at a time, so that init can look
// between two steps whether the stick and a disk have come. What brings a disk comes first; keyboards and the
// rest follow, if need be while `mend` works already.
//
// Invariants
//   ML-1  A module is given to the kernel once, after those that it needs.
//   ML-2  A module that cannot be loaded is remembered with the kernel's reason and never stops the others.
//   ML-3  A device is asked once; one that is unplugged and comes again counts as another.
//   ML-4  When step() has returned, what the drivers it loaded found on PCI is there: finit_module waits for
//         the probing that it has started. USB, SD and Hyper-V answer later, on their own.
// Used from one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "init/module_index.h"

namespace mend::init {

// Gives the file to the kernel with these options; 0 or the errno value.
using Insert = std::function<int(const std::string& file, const std::string& options)>;
int insert_into_kernel(const std::string& file, const std::string& options);

// "options usb_storage delay_use=0" lines, as in modprobe.d, by name.
std::map<std::string, std::string> parse_module_options(std::string_view text);

// How soon a device is served. kStorage: what can bring a disk, or the stick.
inline constexpr int kUsbPorts = 0;
inline constexpr int kStorage = 1;
inline constexpr int kBattery = 2;
inline constexpr int kRest = 3;
int urgency_of(std::string_view modalias);

struct LoadedModule {
  std::string name;
  std::string because;    // the alias of the device, or "always"
  int error = 0;          // errno value; 0: loaded, or there already
  double at_seconds = 0;  // since the kernel's start
};

class ModuleLoader {
 public:
  ModuleLoader(ModuleIndex index, std::map<std::string, std::string> options, std::string sys_root,
               Insert insert);

  // One module by name, with what it needs. What is no module is taken to be built in.
  void load(const std::string& name, const std::string& because);
  // What the devices that came since the last step ask for: the most urgent of it, if that is at least this
  // urgent. False when nothing was to be done.
  bool step(int urgency = kRest);
  // True when no device that can bring a disk, or tell of the battery, is waiting for its module.
  bool storage_done();

  const std::vector<LoadedModule>& log() const { return log_; }
  // Those that failed for another reason than that their hardware is not there.
  std::vector<LoadedModule> failures() const;

 private:
  struct Request {
    std::string modalias;
    int urgency;
  };
  void look_for_devices();

  ModuleIndex index_;
  std::map<std::string, std::string> options_;
  std::string sys_root_;
  Insert insert_;
  std::set<std::pair<std::string, uint64_t>> devices_;  // ML-3: path and inode
  std::set<std::string> aliases_;                       // those answered
  std::set<std::string> tried_;                         // ML-1
  std::vector<Request> waiting_;                        // devices whose module is not loaded yet
  std::vector<LoadedModule> log_;
};

}  // namespace mend::init
