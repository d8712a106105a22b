// SPDX-License-Identifier: GPL-3.0-or-later
// The person at a terminal: progress and messages on stderr, progress only where stderr is a terminal; Ctrl-C
// stops a run as long as nothing is written.
#pragma once

#include <cstdint>
#include <string>

#include "repair/estimate.h"
#include "repair/operator.h"

namespace mend {

class Terminal : public repair::Operator {
 public:
  Terminal();
  ~Terminal() override;
  void progress(repair::Phase phase, std::string_view what, double fraction) override;
  void tell(std::string_view message) override;
  bool wants_to_stop() override;
  // Takes the progress line away, before something else is printed.
  void clear();

 private:
  bool shows_progress_;
  std::string shown_;
  uint64_t shown_at_ns_ = 0;
  repair::Estimate estimate_;
};

}  // namespace mend
