// SPDX-License-Identifier: GPL-3.0-or-later
// Calls the progress callback of a walk. What that throws ends the reporting, never the walk.
#pragma once

#include "journal/journal.h"

namespace mend::journal {

class Reporter {
 public:
  explicit Reporter(const Progress& progress) : progress_(progress ? &progress : nullptr) {}

  void operator()(Step step, uint64_t done, uint64_t total) noexcept {
    if (progress_ == nullptr) return;
    try {
      (*progress_)(step, done, total);
    } catch (...) {
      progress_ = nullptr;
    }
  }

 private:
  const Progress* progress_;
};

}  // namespace mend::journal
