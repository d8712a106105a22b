// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/estimate.h"

#include <cmath>

namespace mend::repair {

std::string Estimate::left(double fraction, uint64_t now_ns) {
  constexpr double kLeastDone = 0.01, kLeastSeconds = 2, kMostSeconds = 60 * 60 * 24;
  if (fraction < 0) {
    last_ = 2;
    return {};
  }
  if (fraction < last_) {
    first_ = fraction;
    began_ns_ = now_ns;
  }
  last_ = fraction;
  const double taken = static_cast<double>(now_ns - began_ns_) / 1e9, done = fraction - first_;
  if (taken < kLeastSeconds || done < kLeastDone) return {};
  const double seconds = taken * (1 - fraction) / done;
  if (seconds < kLeastSeconds || seconds > kMostSeconds) return {};
  return seconds < 90 ? std::to_string(std::lround(seconds)) + " s left"
                      : std::to_string(std::lround(seconds / 60)) + " min left";
}

}  // namespace mend::repair
