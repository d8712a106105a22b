// SPDX-License-Identifier: GPL-3.0-or-later
// toml++ limits how deep values nest, but not how deep a dotted key does, and follows what it built by
// recursion: a line of half a million `a.a.a.…` would exhaust the stack (toml++ 3.3,
// parser::update_region_ends). This looks at the text before toml++ does.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mend::manifest {

// Far more than any manifest has, outside of strings, on one line.
inline constexpr size_t kMaximumDotsInLine = 32;

struct TextPosition {
  uint32_t line = 1;
  uint32_t column = 1;
};

// Where a line has more dots outside of strings than that, if one does.
std::optional<TextPosition> too_deep(std::string_view text);

}  // namespace mend::manifest
