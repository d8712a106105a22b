// SPDX-License-Identifier: GPL-3.0-or-later
// A place in a text, for messages. Both count from 1.
#pragma once

#include <cstdint>

namespace mend::config {

struct Place {
  uint32_t line = 1;
  uint32_t column = 1;
};

}  // namespace mend::config
