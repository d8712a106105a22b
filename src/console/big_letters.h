// SPDX-License-Identifier: GPL-3.0-or-later
// Words in large letters: five rows high, five columns wide and one apart.
#pragma once

#include <string_view>

#include "screen/grid.h"

namespace mend::console {

inline constexpr int kBigRows = 5;
// Columns that the word takes.
int big_columns(std::string_view word);
// Draws it; capitals, digits, '-' and blanks only, anything else leaves a gap.
void put_big(screen::Grid& grid, int row, int column, std::string_view word, screen::Look look);

}  // namespace mend::console
