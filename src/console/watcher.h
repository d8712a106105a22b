// SPDX-License-Identifier: GPL-3.0-or-later
// The technician in front of the stick's screen, as a run sees them: progress on the line at the bottom,
// messages above it, and in mode `ask` the question before anything is written.
#pragma once

#include <cstdint>
#include <string>

#include "repair/operator.h"
#include "screen/screen.h"

namespace mend::console {

class Watcher : public repair::Operator {
 public:
  // `asks`: nothing is written without a yes. `debug`: each step stays on the screen, with its time.
  Watcher(screen::Screen& screen, bool asks, bool debug) : screen_(screen), asks_(asks), debug_(debug) {}

  void progress(repair::Phase phase, std::string_view what, double fraction) override;
  void tell(std::string_view message) override;
  // Shows each file with what would be done to it, and waits for Y or N; no other key counts.
  repair::Consent consent(const std::vector<const repair::VolumeReport*>& planned) override;
  // On the stick nobody interrupts: a key pressed by mistake must not end a repair.
  bool wants_to_stop() override { return false; }

 private:
  screen::Screen& screen_;
  bool asks_, debug_;
  std::string step_;
  uint64_t shown_at_ns_ = 0;
};

}  // namespace mend::console
