// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/boot.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "disk/disk.h"
#include "init/controllers.h"
#include "init/power.h"
#include "init/system.h"
#include "profile/stick_settings.h"

namespace mend::init {
namespace {

using namespace std::chrono_literals;
using screen::Style;

constexpr std::chrono::seconds kStickPatience = 60s;
constexpr std::chrono::seconds kTwinPatience = 3s;   // for a device on USB that may be another stick
constexpr std::chrono::milliseconds kMoment = 20ms;  // between two looks for what should come at once
constexpr std::chrono::milliseconds kCalm = 1000ms;  // when the technician has been told

constexpr std::string_view kKeys = "Press R to restart or P to power off. The search goes on meanwhile.";

constexpr const char* kPackedModules = "/packed/modules";
constexpr const char* kFirstList = "/etc/mendstick/modules.first";
constexpr const char* kLoadList = "/etc/mendstick/modules.load";
constexpr const char* kLaterList = "/etc/mendstick/modules.later";
constexpr const char* kOptionList = "/etc/mendstick/modules.options";

std::vector<std::string> names_in(const char* list) {
  const std::string text = read_text(list);
  std::vector<std::string> names;
  for (const std::string_view name : words(text)) names.emplace_back(name);
  return names;
}

std::string in_words(const StickDevice& stick) {
  return stick.model.empty() ? stick.disk : stick.disk + " (" + stick.model + ")";
}

std::string in_words(const ChildEnd& ended) {
  if (ended.signal != 0)
    return fmt::format("was ended by signal {} ({})", ended.signal, ::strsignal(ended.signal));
  return fmt::format("ended with status {}", ended.status);
}

// R, P and C are where they are on most of the world's keyboards.
bool is_letter(std::optional<char> key, char letter) {
  return key && (*key | 0x20) == letter;
}

}  // namespace

Boot::Boot(Roots roots) : roots_(std::move(roots)), packed_modules_(kPackedModules, "") {}

void Boot::run() {
  try {
    prepare();
    run_steps();
  } catch (const std::exception& error) {
    stop_with({std::string("The start from this stick failed: ") + error.what()});
  }
}

// Before anything else, even before a word is on the screen: USB takes its time.
void Boot::start_ports(const std::string& modules) {
  loader_ = std::make_unique<ModuleLoader>(
      parse_module_options(read_text(kOptionList)), roots_.sys,
      [this](const std::string& file, const std::string& options) { return insert_module(file, options); });
  const std::string first = read_text(kFirstList);
  for (const std::string_view line : lines(first)) {
    std::vector<std::string> files;
    for (const std::string_view path : words(line)) files.push_back(fmt::format("{}/{}", modules, path));
    loader_->load_first(std::move(files));
  }
}

void Boot::prepare() {
  const std::string release = kernel_release();
  const std::string modules = "/lib/modules/" + release;
  start_ports(modules);
  const std::vector<std::string> faults = mount_kernel_trees();
  consoles_ = console_devices(roots_);
  screen_ = std::make_unique<screen::Screen>(consoles_);
  screen_->line("Mendstick is starting. So far it only reads.", Style::kStrong);
  for (const std::string& fault : faults) screen_->line(fault, Style::kBad);

  command_line_ = parse_command_line(read_text(roots_.proc + "/cmdline"));
  for (const std::string& fault : command_line_.faults) screen_->line(fault, Style::kBad);
  if (command_line_.image_id.empty()) {
    stop_with({"The kernel was not told which stick it comes from (mendstick.image=...).",
               "Start the machine from the stick itself, with the menu that is on it."});
  }
  finder_ = std::make_unique<StickFinder>(roots_, command_line_.image_id, read_first_sector);
  debug("kernel " + release);
  loader_->start(ModuleIndex::read(modules), names_in(kLoadList), names_in(kLaterList));
}

void Boot::run_steps() {
  find_stick();
  wait_for_disk();
  stay_with_one_stick();
  wait_for_power();
  start_shell();
  tell_secure_boot();
  debug("mend is started");
  end(run_console());
}

void Boot::tell_secure_boot() {
  if (!command_line_.debug) return;
  loader_->load("efivarfs", "the state of Secure Boot");
  show_drivers();
  debug("Secure Boot: " + secure_boot_state(roots_));
}

void Boot::find_stick() {
  const Clock::time_point deadline = Clock::now() + kStickPatience;
  bool told = false;
  std::vector<StickDevice> seen;
  for (;;) {
    obey(go_on(told || !seen.empty() ? kCalm / 4 : kMoment));
    std::vector<StickDevice> sticks = finder_->look();
    forget_volumes_but(sticks);
    if (sticks.size() == 1 && take_stick(sticks)) return;
    if (sticks.size() > 1 && sticks != seen) {
      if (take_stick(sticks)) return;
      told = true;
    }
    seen = std::move(sticks);
    if (!told && Clock::now() > deadline) {
      told = true;
      screen_->line("The stick is not found again, although this machine was started from it.", Style::kBad);
      screen_->line(
          "Remedy: pull it out and put it into another USB port, best one at the back of the machine, "
          "without a hub or an extension in between. In a virtual machine attach it as a disk.");
      screen_->line(kKeys);
    }
  }
}

void Boot::forget_volumes_but(const std::vector<StickDevice>& present) {
  for (auto judged = judged_.begin(); judged != judged_.end();) {
    const bool there = std::any_of(present.begin(), present.end(),
                                   [&](const StickDevice& stick) { return stick.volume == judged->first; });
    judged = there ? std::next(judged) : judged_.erase(judged);
  }
}

// True when one of the candidates is the stick and is mounted; else the screen says why not.
bool Boot::take_stick(const std::vector<StickDevice>& candidates) {
  std::vector<StickDevice> ours;
  const bool alone = candidates.size() == 1;
  for (const StickDevice& candidate : candidates) {
    if (is_ours(candidate, alone ? Afterwards::kMounted : Afterwards::kUnmounted)) ours.push_back(candidate);
  }
  if (ours.size() > 1) tell_of_twins(ours);
  if (ours.size() != 1) return false;
  stick_ = ours.front();
  if (!alone && mount_stick(stick_.volume, Access::kReadOnly) != 0) return false;
  const int error = make_stick_writable();
  if (error != 0) {
    screen_->line("The stick " + in_words(stick_) + " cannot be written: " + std::strerror(error) + ".",
                  Style::kBad);
  }
  debug("the stick is " + stick_.volume);
  return true;
}

void Boot::tell_of_twins(const std::vector<StickDevice>& sticks) {
  std::string names;
  for (const StickDevice& stick : sticks) names += (names.empty() ? "" : ", ") + in_words(stick);
  screen_->line("Two sticks of the same image are plugged in: " + names + ".", Style::kBad);
  screen_->line("Remedy: pull out all but one of them; then it goes on by itself.");
}

// BO-5. The other one may answer later than the first; and it may be the first that is pulled out then.
void Boot::stay_with_one_stick() {
  const Clock::time_point deadline = Clock::now() + kTwinPatience;
  bool told = false;
  for (;;) {
    const std::vector<StickDevice> sticks = finder_->look();
    forget_volumes_but(sticks);
    if (std::find(sticks.begin(), sticks.end(), stick_) == sticks.end()) {
      unmount_stick();
      find_stick();
      continue;
    }
    std::vector<StickDevice> ours = {stick_};
    for (const StickDevice& other : sticks) {
      if (!(other == stick_) && is_ours(other, Afterwards::kUnmounted)) ours.push_back(other);
    }
    if (ours.size() == 1 && (Clock::now() > deadline || !finder_->more_may_come())) return;
    if (ours.size() > 1 && !told) tell_of_twins(ours);
    told |= ours.size() > 1;
    obey(go_on(told ? kCalm / 4 : kMoment));
  }
}

// Why the volume, mounted for reading, is not the stick of this image; empty when it is.
std::string Boot::why_not_ours() const {
  try {
    const profile::ImageInfo info =
        profile::load_image_info(std::string(kStickDirectory) + "/" + std::string(stick::kImageInfo));
    return info.id == command_line_.image_id ? "" : "it is of another image, for " + info.customer;
  } catch (const Error& error) {
    return error.what();
  }
}

bool Boot::is_ours(const StickDevice& candidate, Afterwards afterwards) {
  const auto judged = judged_.find(candidate.volume);
  const bool known = judged != judged_.end() && judged->second;
  if (known && afterwards == Afterwards::kUnmounted) return true;
  const int error = mount_stick(candidate.volume, Access::kReadOnly);
  const std::string why = error == 0 ? why_not_ours() : std::string(std::strerror(error));
  if (error == 0 && (!why.empty() || afterwards == Afterwards::kUnmounted)) unmount_stick();
  if (!why.empty() && judged == judged_.end())
    screen_->line(
        "The volume " + candidate.volume + " on " + in_words(candidate) + " is not used: " + printable(why),
        Style::kBad);
  judged_[candidate.volume] = why.empty();
  return why.empty();
}

// Whatever is wrong with it, its signature too, `mend` says so and changes nothing; there is no shell then.
// Read when it is asked for, which most machines never do: `mend` starts sooner.
const profile::Profile& Boot::profile() {
  if (profile_) return *profile_;
  profile_.emplace();
  try {
    profile_ = profile::load_stick_settings(kStickDirectory).profile;
  } catch (const Error& error) {
    debug(std::string("the profile cannot be used: ") + error.what());
  }
  return *profile_;
}

bool Boot::disk_is_there() {
  std::vector<std::string> disks = disk::internal_disks(roots_.sys, roots_.dev);
  disks.erase(std::remove(disks.begin(), disks.end(), stick_.disk), disks.end());
  return !disks.empty();
}

void Boot::wait_for_disk() {
  const Clock::time_point began = Clock::now();
  bool told = false;
  while (!disk_is_there() || !loader_->storage_done()) {
    const std::optional<char> key = go_on(told ? kCalm : kMoment);
    if (told) obey(key);
    if (told || Clock::now() < began + profile().disk_timeout) continue;
    told = true;
    disk_is_there() ? explain_slow_drivers() : explain_missing_disk();
  }
  if (told) screen_->line("A disk is there. It goes on.", Style::kGood);
}

void Boot::explain_slow_drivers() {
  std::string names;
  for (const std::string& name : loader_->at_work()) names += (names.empty() ? "" : ", ") + name;
  screen_->line(fmt::format("After {} seconds these drivers still look for disks: {}.",
                            profile().disk_timeout.count(), names.empty() ? "none" : names),
                Style::kBad);
  screen_->line("A disk that fails can take minutes to answer. It goes on when they have finished.");
  screen_->line(kKeys);
}

void Boot::explain_missing_disk() {
  screen_->line(
      fmt::format("This machine shows no internal disk after {} seconds.", profile().disk_timeout.count()),
      Style::kBad);
  for (const std::string& paragraph : explain_no_disk(storage_controllers(roots_.sys), loader_->failures()))
    screen_->line("  " + paragraph);
  screen_->line(kKeys);
}

void Boot::wait_for_power() {
  Power power = read_power(roots_.sys);
  if (power.percent)
    debug(fmt::format("battery {} %, mains {}", *power.percent, power.mains ? "connected" : "not connected"));
  if (is_enough(power)) return;
  screen_->line(fmt::format("The battery is at {} %, and the mains are not connected. A repair needs {} %.",
                            *power.percent, kLeastPercent),
                Style::kBad);
  screen_->line(
      "Plug in the mains; then it goes on by itself. Press C to go on all the same, P to power off.");
  while (!is_enough(power)) {
    const std::optional<char> key = go_on(kCalm);
    if (is_letter(key, 'c')) break;
    obey(key);
    power = read_power(roots_.sys);
    if (is_enough(power)) screen_->line("There is power.", Style::kGood);
  }
}

void Boot::end(const ChildEnd& ended) {
  screen_ = std::make_unique<screen::Screen>(consoles_);
  const bool good = ended.signal == 0 && (ended.status == static_cast<int>(stick::Next::kRestart) ||
                                          ended.status == static_cast<int>(stick::Next::kPowerOff) ||
                                          ended.status == static_cast<int>(stick::Next::kFirmwareSetup));
  if (good) finish(static_cast<stick::Next>(ended.status));
  stop_with({"mend " + in_words(ended) + ", which it never should.",
             "What it had logged is safe on the stick. If it was changing the disk, start from this stick "
             "again: it "
             "finishes the work or leaves the disk as it was."});
}

std::optional<char> Boot::go_on(std::chrono::milliseconds pause) {
  loader_->look();
  show_drivers();
  return screen_->key(pause);
}

void Boot::obey(std::optional<char> key) {
  if (is_letter(key, 'r')) finish(stick::Next::kRestart);
  if (is_letter(key, 'p')) finish(stick::Next::kPowerOff);
}

void Boot::debug(const std::string& text) {
  if (command_line_.debug && screen_)
    screen_->line(fmt::format("[{:8.3f}] {}", static_cast<double>(monotonic_ns()) / 1e9, text));
}

// From the loader's threads.
int Boot::insert_module(const std::string& file, const std::string& options) {
  try {
    packed_modules_.want(file);
  } catch (const Error&) {
    return EIO;
  }
  return insert_into_kernel(file, options);
}

void Boot::show_drivers() {
  if (!command_line_.debug || !screen_) return;
  for (const LoadedModule& module : loader_->log(shown_)) {
    ++shown_;
    const std::string result = module.error == 0 ? "loaded" : std::strerror(module.error);
    screen_->line(fmt::format("[{:8.3f}] {}: {}, for {}", module.at_seconds, module.name, result,
                              printable(module.because)));
  }
}

}  // namespace mend::init
