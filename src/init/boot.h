// SPDX-License-Identifier: GPL-3.0-or-later
// The stick's start, from the kernel's first process to the machine's restart: drivers, the stick, the
// disks, enough power, `mend console`, the end. What it waits for it says on all screens, with the remedy.
//
// Invariants
//   BO-1  It waits only for what is missing: `mend` starts as soon as the stick and one disk of the machine
//   are
//         there and no device that could bring a disk waits for its driver.
//   BO-2  Nothing but the stick is mounted or written. The disks of the machine are `mend`'s.
//   BO-3  However `mend` ends, the stick is synced and unmounted before the machine restarts or goes off.
//   BO-4  run() returns only when the kernel has refused to restart; no exception leaves it.
//   BO-5  With two sticks of one image it does not go on: their logs and journals would be torn apart.
// Used once, by the process that main.cc starts for it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "init/child.h"
#include "init/command_line.h"
#include "init/loader.h"
#include "init/packed.h"
#include "init/stick.h"
#include "profile/profile.h"
#include "profile/stick.h"
#include "screen/screen.h"

namespace mend::init {

class Boot {
 public:
  explicit Boot(Roots roots);
  void run();

 private:
  using Clock = std::chrono::steady_clock;

  void start_ports(const std::string& modules);
  void prepare();
  void run_steps();
  void tell_secure_boot();
  void find_stick();
  void forget_volumes_but(const std::vector<StickDevice>& present);
  bool take_stick(const std::vector<StickDevice>& candidates);
  void tell_of_twins(const std::vector<StickDevice>& sticks);
  std::string why_not_ours() const;
  enum class Afterwards { kMounted, kUnmounted };  // kMounted: when it is ours
  bool is_ours(const StickDevice& candidate, Afterwards afterwards);
  const profile::Profile& profile();
  void wait_for_disk();
  void stay_with_one_stick();
  bool disk_is_there();
  void explain_slow_drivers();
  void explain_missing_disk();
  void wait_for_power();
  void start_shell();
  ChildEnd run_console();
  void end(const ChildEnd& ended);
  [[noreturn]] void stop_with(const std::vector<std::string>& message);
  [[noreturn]] void finish(stick::Next next);

  // One step of the drivers while `mend` works; false when nothing was to be done. Must not end the waiting.
  bool load_more() noexcept;
  // One step of the drivers, else a pause; a key that was pressed in it.
  std::optional<char> go_on(std::chrono::milliseconds pause);
  // R restarts and P powers off, where the screen offers them.
  void obey(std::optional<char> key);
  int insert_module(const std::string& file, const std::string& options);
  void show_drivers();
  void debug(const std::string& text);

  Roots roots_;
  std::vector<std::string> consoles_;
  std::unique_ptr<screen::Screen> screen_;  // absent while `mend` has the consoles
  CommandLine command_line_;
  PackedFiles packed_modules_;
  std::unique_ptr<ModuleLoader> loader_;  // its threads use packed_modules_
  std::unique_ptr<StickFinder> finder_;
  std::map<std::string, bool> judged_;  // volumes looked into: is it our image?
  StickDevice stick_;
  std::optional<profile::Profile> profile_;  // once it was asked for
  std::string last_words_;                   // of `mend`
  size_t shown_ = 0;                         // of the loader's log
};

}  // namespace mend::init
