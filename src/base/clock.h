// SPDX-License-Identifier: GPL-3.0-or-later
// Times. Everything is UTC; a Windows FILETIME counts 100 ns since 1601-01-01.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mend {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

Time now();
// Nanoseconds since some start; never goes back.
uint64_t monotonic_ns();
// "2026-11-25T03:20:21Z", with ".123456789" where there is a fraction; years 1601 to 60056 as FILETIME holds
// them are clamped to what nanoseconds since 1970 can say (1677 to 2262).
std::string to_iso8601(Time time);
// "20261125T032021Z", for file names.
std::string to_compact(Time time);
// RFC 3339 with Z or an offset; nothing else.
std::optional<Time> parse_iso8601(std::string_view text);
Time from_filetime(uint64_t filetime);
uint64_t to_filetime(Time time);

}  // namespace mend
