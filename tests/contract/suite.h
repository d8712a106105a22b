// SPDX-License-Identifier: GPL-3.0-or-later
// The contract of BlockReader and BlockDevice (src/block/block_device.h, D-1 to D-5) as one suite, for every
// device and every stack of devices. A kind of device joins by a Maker.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "block/block_device.h"

namespace mend::test {

// A device to be tested, with everything it stands on.
struct Subject {
  std::shared_ptr<block::BlockDevice> device;
  // Where writes are taken; elsewhere the device refuses them by a rule of its own.
  uint64_t writable_from = 0;
  uint64_t writable_to = 0;
  // The flushes that the base has seen; none where the subject keeps writes from it (the overlay).
  std::function<uint64_t()> base_flushes = {};
  // Throws when something was written where the subject's user did not ask for it.
  std::function<void()> check_outside = [] {};
};
using Maker = std::function<Subject()>;

// Runs the whole suite, on a new subject for each clause. REQUIRES: inside a TEST_CASE; 64 KiB are writable.
void check_contract(const Maker& make);

}  // namespace mend::test
