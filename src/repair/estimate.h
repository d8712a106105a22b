// SPDX-License-Identifier: GPL-3.0-or-later
// How long a step of a run will still take, from how far it has come. For whoever shows an Operator's
// progress; knows no clock of its own.
#pragma once

#include <cstdint>
#include <string>

namespace mend::repair {

class Estimate {
 public:
  // "40 s left", "3 min left"; empty as long as it cannot be told: in a step's first two seconds, when it has
  // hardly begun, and when less than two seconds are left. A fraction below the last one, or
  // one that is not known (below 0), begins another step.
  std::string left(double fraction, uint64_t now_ns);

 private:
  double first_ = 2;  // above any fraction, so that the first one begins a step
  double last_ = 2;
  uint64_t began_ns_ = 0;
};

}  // namespace mend::repair
