// SPDX-License-Identifier: GPL-3.0-or-later
// The first process of the stick. The kernel panics when it ends, so it does nothing that could fail: it
// starts a second one that does the work (boot.h), takes in orphans, and should the second one die, says so,
// waits for what still runs, and restarts.
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>

#include "init/boot.h"
#include "init/system.h"

namespace mend::init {
namespace {

int boot() {
  try {
    Boot(Roots{}).run();
  } catch (...) {  // what run() promises not to throw
  }
  return 1;
}

// Until `awaited` has ended; -1: until no process is left.
void take_in_orphans(pid_t awaited) {
  for (;;) {
    const pid_t ended = ::waitpid(-1, nullptr, 0);
    if (ended == awaited && awaited > 0) return;
    if (ended < 0 && errno != EINTR) return;
  }
}

// `mend` may be at work still, and finishes it: its disk must not be left half written.
void mourn() {
  const Roots roots;
  {
    screen::Screen screen(console_devices(roots));
    screen.line("The stick's own start program has died. What runs is left to finish; then a key restarts.",
                screen::Style::kBad);
  }
  take_in_orphans(-1);
  unmount_stick();
  flush_disks(roots, {});
  screen::Screen screen(console_devices(roots));
  screen.line("Everything is written. Press a key to restart.", screen::Style::kBad);
  screen.key(std::chrono::milliseconds(-1));
}

[[noreturn]] void stay() {
  ::reboot(RB_DISABLE_CAD);  // Ctrl+Alt+Del in the middle of a repair: nothing happens
  const pid_t worker = ::fork();
  if (worker == 0) ::_exit(boot());
  if (worker > 0) take_in_orphans(worker);
  for (;;) {
    try {
      mourn();
    } catch (...) {
      ::sleep(10);
    }
    restart_machine();
  }
}

}  // namespace
}  // namespace mend::init

int main() {
  if (::getpid() != 1) {
    std::fputs("init: this is the first process of a Mendstick stick; it runs nowhere else\n", stderr);
    return 1;
  }
  mend::init::stay();
}
