// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/date.h"

#include <algorithm>

#include "base/text.h"
#include "keys/json_reader.h"

namespace mend::keys {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr size_t kLongest = 64;
constexpr int kFirstYear = 1990, kLastYear = 2200;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  char peek() const { return text_.empty() ? '\0' : text_.front(); }
  bool take(char c) {
    if (peek() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
    if (text_.size() < word.size() ||
        !std::equal(word.begin(), word.end(), text_.begin(), [&](char b, char a) { return same(a, b); }))
      return false;
    text_.remove_prefix(word.size());
    return true;
  }
  // One to `most` digits; how many there were is in `length`.
  std::optional<int64_t> number(size_t most, size_t* length = nullptr) {
    int64_t value = 0;
    size_t count = 0;
    while (count < most && peek() >= '0' && peek() <= '9') {
      value = value * 10 + (peek() - '0');
      text_.remove_prefix(1);
      ++count;
    }
    if (length != nullptr) *length = count;
    return count == 0 ? std::nullopt : std::optional(value);
  }
  void skip_digits() {
    while (peek() >= '0' && peek() <= '9') text_.remove_prefix(1);
  }
  void skip_blanks() {
    while (peek() == ' ') text_.remove_prefix(1);
  }

 private:
  std::string_view text_;
};

std::optional<Time> from_fields(int64_t year, int64_t month, int64_t day, seconds into_day) {
  using namespace std::chrono;
  if (year < kFirstYear || year > kLastYear || month > 12 || day > 31) return std::nullopt;
  const year_month_day date(std::chrono::year(static_cast<int>(year)),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return Time(sys_days(date)) + into_day;
}

// Milliseconds since 1970: `/Date(1721366820000)/`, in old PowerShell's JSON `\/Date(…)\/`.
std::optional<Time> from_milliseconds(Scanner in) {
  const auto count = in.number(15);
  if (!count || !in.take(')')) return std::nullopt;
  // In milliseconds, since nanoseconds end in the year 2262.
  const std::chrono::sys_time<milliseconds> time{milliseconds(*count)};
  if (time < std::chrono::sys_days(std::chrono::year(kFirstYear) / 1 / 1) ||
      time > std::chrono::sys_days(std::chrono::year(kLastYear) / 1 / 1))
    return std::nullopt;
  return Time(time);
}

// 20240719052700.0Z
std::optional<Time> from_generalized(std::string_view text) {
  Scanner in(text);
  const auto value = in.number(14);
  if (in.take('.')) in.skip_digits();
  if (!value || !in.take("z") || !in.at_end()) return std::nullopt;
  const int64_t time = *value % 1000000, date = *value / 1000000;
  const seconds into_day = hours(time / 10000) + minutes(time / 100 % 100) + seconds(time % 100);
  if (into_day >= hours(24)) return std::nullopt;
  return from_fields(date / 10000, date / 100 % 100, date % 100, into_day);
}

// False when there is something that is no time. What follows the seconds' point is not kept.
bool read_time(Scanner& in, seconds& into_day) {
  in.skip_blanks();
  const auto hour = in.number(2);
  if (!hour || !in.take(':')) return false;
  const auto minute = in.number(2);
  std::optional<int64_t> second = 0;
  if (in.take(':')) second = in.number(2);
  if (in.take('.') || in.take(',')) in.skip_digits();
  if (!minute || !second || *hour > 23 || *minute > 59 || *second > 60) return false;
  in.skip_blanks();
  int64_t hour_of_day = *hour;
  if (in.take("am")) {
    hour_of_day %= 12;
  } else if (in.take("pm")) {
    hour_of_day = hour_of_day % 12 + 12;
  }
  into_day = hours(hour_of_day) + minutes(*minute) + seconds(*second);
  return true;
}

// `Z`, `UTC`, `+02:00`, `-0500`, or nothing.
bool read_offset(Scanner& in, seconds& into_day) {
  in.skip_blanks();
  if (in.at_end() || in.take("z") || in.take("utc") || in.take("gmt")) return in.at_end();
  const bool east = in.take('+');
  if (!east && !in.take('-')) return false;
  const auto hour = in.number(2);
  in.take(':');
  const auto minute = in.number(2);
  if (!hour || *hour > 14 || !in.at_end()) return false;
  const seconds offset = hours(*hour) + minutes(minute.value_or(0));
  into_day += east ? -offset : offset;
  return true;
}

struct Date {
  int64_t year, month, day;
};

std::optional<Date> read_date(Scanner& in) {
  size_t length = 0;
  const auto first = in.number(4, &length);
  const char separator = in.peek();
  if (!first || (separator != '-' && separator != '/' && separator != '.')) return std::nullopt;
  in.take(separator);
  const auto second = in.number(2);
  if (!second || !in.take(separator)) return std::nullopt;
  if (length == 4) {
    const auto day = in.number(2);
    return day ? std::optional(Date{*first, *second, *day}) : std::nullopt;
  }
  const auto year = in.number(4, &length);
  if (!year || length != 4) return std::nullopt;
  if (separator == '.' || *first > 12 || *first == *second) return Date{*year, *second, *first};
  if (*second > 12) return Date{*year, *first, *second};
  return std::nullopt;  // 3/4/2024
}

}  // namespace

std::optional<Time> parse_date(std::string_view text) {
  text = trim_ascii(text);
  if (text.size() > kLongest) return std::nullopt;
  WipedString plain(text);                             // where a row is shifted, it may be a key
  for (std::string_view blank : {"\u202f", "\u00a0"})  // before AM in newer systems
    for (size_t at; (at = plain.find(blank)) != WipedString::npos;) plain.replace(at, blank.size(), " ");
  plain.erase(std::remove(plain.begin(), plain.end(), '\\'), plain.end());
  Scanner in(plain);
  if (in.take("/date(")) return from_milliseconds(in);
  if (const auto time = from_generalized(plain)) return time;
  const std::optional<Date> date = read_date(in);
  if (!date) return std::nullopt;
  seconds into_day{0};
  if (in.take('T') || in.take(' ') || in.take(',')) {
    if (!read_time(in, into_day)) return std::nullopt;
  }
  if (!read_offset(in, into_day)) return std::nullopt;
  return from_fields(date->year, date->month, date->day, into_day);
}

}  // namespace mend::keys
