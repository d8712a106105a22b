// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/estimate.h"

#include "tests/support/catch.h"

namespace mend::repair {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

TEST_CASE("The time that is left follows from the time taken", "[repair]") {
  Estimate estimate;
  CHECK(estimate.left(0, 100 * kSecond).empty());
  CHECK(estimate.left(0.5, 101 * kSecond).empty());  // too early to tell
  CHECK(estimate.left(0.5, 110 * kSecond) == "10 s left");
  CHECK(estimate.left(0.75, 130 * kSecond) == "10 s left");
  CHECK(estimate.left(0.99, 140 * kSecond).empty());  // as good as done
  CHECK(estimate.left(1, 141 * kSecond).empty());
}

TEST_CASE("A step that begins anew has an estimate of its own", "[repair]") {
  Estimate estimate;
  CHECK(estimate.left(0.9, 0).empty());
  CHECK(estimate.left(0.1, 1000 * kSecond).empty());
  CHECK(estimate.left(0.2, 1060 * kSecond) == "8 min left");
  CHECK(estimate.left(-1, 1100 * kSecond).empty());
  CHECK(estimate.left(0, 1200 * kSecond).empty());
  CHECK(estimate.left(0.0001, 2000 * kSecond).empty());
}

}  // namespace
}  // namespace mend::repair
