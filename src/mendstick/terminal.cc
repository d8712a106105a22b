// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/terminal.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/clock.h"
#include "base/text.h"

namespace mend::mendstick {
namespace {

constexpr int kBarWidth = 24;

std::atomic<bool> g_stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void ask_to_stop(int /*signal*/) {
  g_stop = true;
}

std::string bar(double fraction) {
  const int done = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
  return fmt::format("[{:#<{}}{:.<{}}] {:3.0f} %", "", done, "", kBarWidth - done, fraction * 100);
}

}  // namespace

Terminal::Terminal() : shows_progress_(::isatty(STDERR_FILENO) == 1) {
  ::signal(SIGPIPE, SIG_IGN);
}

Terminal::~Terminal() {
  clear();
}

void Terminal::step(std::string_view what, double fraction) {
  if (!shows_progress_) return;
  constexpr uint64_t kRefreshNs = 100'000'000;
  const uint64_t now_ns = monotonic_ns();
  if (!shown_.empty() && fraction < 1 && now_ns - shown_at_ns_ < kRefreshNs) return;
  shown_ = printable(what);
  if (fraction >= 0) shown_ = bar(fraction) + "  " + shown_;
  shown_at_ns_ = now_ns;
  fmt::print(stderr, "\r{}\033[K", shown_);
  std::fflush(stderr);
}

void Terminal::note(std::string_view what) {
  clear();
  fmt::print(stderr, "{}\n", what);
}

void Terminal::clear() {
  if (shown_.empty()) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  shown_.clear();
}

const std::atomic<bool>& stop_on_interrupt() {
  struct sigaction action {};
  action.sa_handler = ask_to_stop;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return g_stop;
}

}  // namespace mend::mendstick
