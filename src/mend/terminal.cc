// SPDX-License-Identifier: GPL-3.0-or-later
#include "mend/terminal.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "base/clock.h"
#include "base/text.h"

namespace mend {
namespace {

volatile sig_atomic_t g_stop = 0;

// The second Ctrl-C is not special: a commit that has begun always finishes.
void ask_to_stop(int) {
  g_stop = 1;
}

}  // namespace

Terminal::Terminal() : shows_progress_(::isatty(STDERR_FILENO) == 1) {
  struct sigaction action {};
  action.sa_handler = ask_to_stop;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGHUP, SIG_IGN);   // a closed terminal does not end a commit
  ::signal(SIGPIPE, SIG_IGN);  // nor does a reader that went away
}

Terminal::~Terminal() {
  clear();
}

void Terminal::progress(repair::Phase phase, std::string_view what, double fraction) {
  if (!shows_progress_) return;
  std::string line = fmt::format("{} {}", repair::to_string(phase), printable(what));
  const std::string key = line;
  const uint64_t now_ns = monotonic_ns();
  constexpr uint64_t kRefreshNs = 100'000'000;
  if (shown_.substr(0, key.size()) == key && now_ns - shown_at_ns_ < kRefreshNs) return;
  if (fraction >= 0) line += fmt::format("  {:3.0f} %  {}", fraction * 100, estimate_.left(fraction, now_ns));
  fmt::print(stderr, "\r{}\033[K", line);
  std::fflush(stderr);
  shown_ = line;
  shown_at_ns_ = now_ns;
}

void Terminal::tell(std::string_view message) {
  clear();
  fmt::print(stderr, "{}\n", message);
}

bool Terminal::wants_to_stop() {
  return g_stop != 0;
}

void Terminal::clear() {
  if (shown_.empty()) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  shown_.clear();
}

}  // namespace mend
