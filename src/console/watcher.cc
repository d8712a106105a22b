// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/watcher.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/text.h"
#include "console/show.h"

namespace mend::console {

void Watcher::progress(repair::Phase phase, std::string_view what, double fraction) {
  constexpr uint64_t kRefreshNs = 200'000'000;  // a serial line takes 4 ms for 50 characters
  const uint64_t now_ns = monotonic_ns();
  if (std::string step = fmt::format("{} {}", repair::to_string(phase), what); debug_ && step != step_) {
    screen_.line(fmt::format("[{:8.3f}] {}", static_cast<double>(now_ns) / 1e9, step));
    step_ = std::move(step);
  }
  if (shown_at_ns_ != 0 && now_ns - shown_at_ns_ < kRefreshNs) return;
  shown_at_ns_ = now_ns;
  std::string text = fmt::format("{} {}", repair::to_string(phase), what);
  if (fraction >= 0) text += fmt::format("  {:3.0f} %", fraction * 100);
  screen_.status(text);
}

void Watcher::tell(std::string_view message) {
  screen_.line(message);
}

repair::Consent Watcher::consent(const std::vector<const repair::VolumeReport*>& planned) {
  if (!asks_) return repair::Consent::kNotAsked;
  screen_.line("");
  screen_.line("This is what would be done. Nothing has been written yet.", screen::Style::kStrong);
  for (const repair::VolumeReport* volume : planned) show_lines(screen_, show_volume(*volume));
  screen_.forget_keys();
  screen_.line("");
  screen_.line("Do it? Press Y for yes, N for no.", screen::Style::kStrong);
  for (;;) {
    const std::string key(1, screen_.key(std::chrono::milliseconds(1000)).value_or('\0'));
    if (lower_ascii(key) == "y") return repair::Consent::kYes;
    if (lower_ascii(key) == "n") return repair::Consent::kNo;
  }
}

}  // namespace mend::console
