// SPDX-License-Identifier: GPL-3.0-or-later
// toml++ limits how deep values nest, but not how deep a dotted key does, and follows what it built by
// recursion: a line of half a million `a.a.a.…` would exhaust the stack (toml++ 3.3,
// parser::update_region_ends). This looks at the text before toml++ does.
#pragma once

#include <optional>
#include <string_view>

#include "config/place.h"

namespace mend::config {

// Far more than any text of ours has, outside of strings, on one line.
inline constexpr size_t kMaximumDotsInLine = 32;

// Where a line has more dots outside of strings than that, if one does.
std::optional<Place> too_deep(std::string_view text);

}  // namespace mend::config
