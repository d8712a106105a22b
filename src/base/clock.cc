// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"

#include <time.h>

#include <algorithm>
#include <cstdio>

namespace mend {
namespace {

constexpr int64_t kFiletimeOfUnixEpoch = 116444736000000000;  // 100 ns units from 1601 to 1970

tm to_utc_fields(Time time, int64_t& nanoseconds) {
  constexpr int64_t kSecond = 1000000000;
  const int64_t count = time.time_since_epoch().count();
  time_t value = count / kSecond;
  nanoseconds = count % kSecond;
  if (nanoseconds < 0) {  // towards the past; std::chrono::floor overflows in the first second of all
    nanoseconds += kSecond;
    --value;
  }
  tm fields{};
  ::gmtime_r(&value, &fields);
  return fields;
}

std::optional<int> digits(std::string_view text, size_t at, size_t count) {
  int value = 0;
  if (text.size() < at + count) return std::nullopt;
  for (char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

Time now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

uint64_t monotonic_ns() {
  timespec value{};
  ::clock_gettime(CLOCK_MONOTONIC, &value);
  return static_cast<uint64_t>(value.tv_sec) * 1000000000u + static_cast<uint64_t>(value.tv_nsec);
}

std::string to_iso8601(Time time) {
  int64_t nanoseconds = 0;
  const tm f = to_utc_fields(time, nanoseconds);
  char text[80];
  int length = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", f.tm_year + 1900,
                             f.tm_mon + 1, f.tm_mday, f.tm_hour, f.tm_min, f.tm_sec);
  std::string out(text, static_cast<size_t>(length));
  if (nanoseconds != 0) {
    std::snprintf(text, sizeof text, ".%09lld", static_cast<long long>(nanoseconds));
    out += text;
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + "Z";
}

std::string to_compact(Time time) {
  int64_t nanoseconds = 0;
  const tm f = to_utc_fields(time, nanoseconds);
  char text[80];
  std::snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ", f.tm_year + 1900, f.tm_mon + 1, f.tm_mday,
                f.tm_hour, f.tm_min, f.tm_sec);
  return text;
}

std::optional<Time> parse_iso8601(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *year < 1678 || *year > 2261 || *hour > 23 || *minute > 59 || *second > 59)
    return std::nullopt;
  int64_t nanoseconds = 0;
  size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    if (!digits(text, ++at, 1)) return std::nullopt;
    int64_t unit = 100000000;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
      nanoseconds += (text[at] - '0') * unit;
    }
  }
  int offset_minutes = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const auto hours = digits(text, at + 1, 2), minutes = digits(text, at + 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59 || text[at + 3] != ':' || text.size() != at + 6)
      return std::nullopt;
    offset_minutes = (*hours * 60 + *minutes) * (text[at] == '-' ? -1 : 1);
  } else if (at + 1 != text.size() || (text[at] != 'Z' && text[at] != 'z')) {
    return std::nullopt;
  }
  return Time{std::chrono::sys_days{date}.time_since_epoch()} + std::chrono::hours{*hour} +
         std::chrono::minutes{*minute - offset_minutes} + std::chrono::seconds{*second} +
         std::chrono::nanoseconds{nanoseconds};
}

Time from_filetime(uint64_t filetime) {
  constexpr int64_t kLimit = INT64_MAX / 100;
  const int64_t ticks = static_cast<int64_t>(std::min<uint64_t>(filetime, INT64_MAX)) - kFiletimeOfUnixEpoch;
  return Time{std::chrono::nanoseconds{std::clamp(ticks, -kLimit, kLimit) * 100}};
}

uint64_t to_filetime(Time time) {
  const auto ticks =
      std::chrono::floor<std::chrono::duration<int64_t, std::ratio<1, 10000000>>>(time.time_since_epoch());
  return static_cast<uint64_t>(ticks.count() + kFiletimeOfUnixEpoch);
}

}  // namespace mend
