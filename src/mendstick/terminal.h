// SPDX-License-Identifier: GPL-3.0-or-later
// The preparer at a terminal: progress and notes on stderr, progress only where stderr is a terminal.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "image/progress.h"

namespace mend::mendstick {

class Terminal : public image::Progress {
 public:
  Terminal();
  ~Terminal() override;
  void step(std::string_view what, double fraction) override;
  void note(std::string_view what) override;
  // Takes the progress line away, before something else is printed.
  void clear();

 private:
  bool shows_progress_;
  std::string shown_;
  uint64_t shown_at_ns_ = 0;
};

// From the call on Ctrl-C and SIGTERM do not end the program but set the flag.
const std::atomic<bool>& stop_on_interrupt();

}  // namespace mend::mendstick
