// SPDX-License-Identifier: GPL-3.0-or-later
// Dates as exports write them, in many languages. Used where a key's age is read; knows nothing of keys.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace mend::keys {

// Year, month and day with `-`, `/` or `.`, then maybe hours, minutes, seconds, AM or PM, and Z or an offset;
// `20240719052700.0Z` of directories, `/Date(1721366820000)/` of old JSON. Without an offset UTC is taken for
// the zone. With dots the day comes first; with `/` or `-` and the year last either may, and nothing is given
// where that matters and cannot be known. Years 1990 to 2200.
std::optional<Time> parse_date(std::string_view text);

}  // namespace mend::keys
