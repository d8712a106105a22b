// SPDX-License-Identifier: GPL-3.0-or-later
// What init starts when all is there, and how the machine is left.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "init/boot.h"
#include "init/system.h"

namespace mend::init {
namespace {

using namespace std::chrono_literals;
using screen::Style;

constexpr const char* kMend = "/bin/mend";
constexpr const char* kShell = "/bin/sh";
constexpr const char* kSecondConsole = "/dev/tty2";

// The program on the second console, with that as its terminal.
void run_on_second_console(const char* program) {
  if (::fork() != 0) return;
  ::setsid();
  const int terminal = ::open(kSecondConsole, O_RDWR);
  if (terminal < 0) ::_exit(1);
  ::ioctl(terminal, TIOCSCTTY, 0);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(terminal, standard);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  ::execl(program, program, nullptr);
  ::_exit(1);
}

}  // namespace

// A stick carries one only when its profile asks for it; the profile's signature decides.
void Boot::start_shell() {
  if (::access(kShell, X_OK) != 0 || !profile().shell) return;
  run_on_second_console(kShell);
  screen_->line("A shell is open on the second console (Alt+F2).", Style::kBad);
}

bool Boot::load_more() noexcept {
  try {
    return loader_->look();
  } catch (const std::exception&) {  // no memory, which `mend` may be needing
    return false;
  }
}

ChildEnd Boot::run_console() {
  std::vector<std::string> arguments = {kMend,           "console",        "--stick",
                                        kStickDirectory, "--stick-device", stick_.disk};
  for (const std::string& console : consoles_) arguments.insert(arguments.end(), {"--screen", console});
  if (command_line_.mode)
    arguments.insert(arguments.end(), {"--mode", std::string(to_string(*command_line_.mode))});
  if (command_line_.debug) arguments.emplace_back("--debug");
  if (command_line_.plain) arguments.emplace_back("--plain");
  screen_.reset();
  Child mend;
  std::optional<ChildEnd> ended;
  if (const int error = mend.start(arguments); error != 0) {
    last_words_ = std::strerror(error);
    return ChildEnd{127, 0};
  }
  // Drivers of keyboards and of what is plugged in later are loaded while it works.
  while (!ended) ended = mend.wait(load_more() ? 0ms : 250ms);
  last_words_ = mend.last_words();
  return *ended;
}

void Boot::stop_with(const std::vector<std::string>& message) {
  if (!screen_) screen_ = std::make_unique<screen::Screen>(consoles_);
  unmount_stick();
  screen_->line("");
  for (const std::string& text : message) screen_->line(text, Style::kBad);
  if (!last_words_.empty()) screen_->line("Its last words:");
  for (const std::string_view text : lines(last_words_)) screen_->line("  " + printable(text));
  screen_->line("Press a key to restart.");
  screen_->forget_keys();
  screen_->key(-1ms);
  finish(stick::Next::kRestart);
}

void Boot::finish(stick::Next next) {
  if (!screen_) screen_ = std::make_unique<screen::Screen>(consoles_);
  unmount_stick();
  flush_disks(roots_, stick_.disk);
  if (next == stick::Next::kFirmwareSetup) {
    if (loader_) loader_->load("efivarfs", "the firmware's setup");
    const std::string why = request_firmware_setup(roots_);
    if (!why.empty()) {
      screen_->line(
          "The firmware cannot be asked for its setup: " + why + ". Use its own key while it starts.",
          Style::kBad);
      screen_->key(5s);
    }
  }
  debug("the end");
  screen_.reset();
  for (;;) {
    next == stick::Next::kPowerOff ? power_off_machine() : restart_machine();
    screen_ = std::make_unique<screen::Screen>(consoles_);
    screen_->line(
        "The machine does not do that by itself. Everything is written: switch it off by its button.",
        Style::kBad);
    screen_->key(60s);
    screen_.reset();
  }
}

}  // namespace mend::init
