// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"

#include "tests/support/catch.h"

namespace mend {
namespace {

using std::chrono::nanoseconds;

Time at(int64_t seconds, int64_t fraction = 0) {
  return Time{std::chrono::seconds{seconds}} + nanoseconds{fraction};
}

TEST_CASE("times are written as RFC 3339 in UTC, with a fraction only where there is one", "[base]") {
  CHECK(to_iso8601(at(0)) == "1970-01-01T00:00:00Z");
  CHECK(to_iso8601(at(1721365620)) == "2024-07-19T05:07:00Z");
  CHECK(to_iso8601(at(1721365620, 120000000)) == "2024-07-19T05:07:00.12Z");
  CHECK(to_iso8601(at(1721365620, 1)) == "2024-07-19T05:07:00.000000001Z");
  CHECK(to_iso8601(at(-1)) == "1969-12-31T23:59:59Z");
  CHECK(to_iso8601(at(-1, 500000000)) == "1969-12-31T23:59:59.5Z");
  CHECK(to_iso8601(at(951782400)) == "2000-02-29T00:00:00Z");
  CHECK(to_compact(at(1721365620, 999999999)) == "20240719T050700Z");
}

TEST_CASE("times are read with Z or an offset, and only so", "[base]") {
  CHECK(parse_iso8601("2024-07-19T05:07:00Z") == at(1721365620));
  CHECK(parse_iso8601("2024-07-19t05:07:00z") == at(1721365620));
  CHECK(parse_iso8601("2024-07-19 05:07:00Z") == at(1721365620));
  CHECK(parse_iso8601("2024-07-19T07:07:00+02:00") == at(1721365620));
  CHECK(parse_iso8601("2024-07-18T23:37:00-05:30") == at(1721365620));
  CHECK(parse_iso8601("2024-07-19T05:07:00.12Z") == at(1721365620, 120000000));
  CHECK(parse_iso8601("2024-07-19T05:07:00.1234567Z") == at(1721365620, 123456700));  // as Graph writes
  CHECK(parse_iso8601("2024-07-19T05:07:00.12345678999Z") == at(1721365620, 123456789));
  const char* wrong[] = {
      "",
      "2024-07-19",
      "2024-07-19T05:07:00",
      "2024-07-19T05:07Z",
      "2024-07-19T05:07:00ZZ",
      "2024-07-19T05:07:00Z ",
      " 2024-07-19T05:07:00Z",
      "2024-02-30T05:07:00Z",
      "2023-02-29T05:07:00Z",
      "2024-13-01T05:07:00Z",
      "2024-00-01T05:07:00Z",
      "2024-07-00T05:07:00Z",
      "2024-07-19T24:00:00Z",
      "2024-07-19T05:60:00Z",
      "2024-07-19T05:07:60Z",
      "2024-07-19T05:07:00+2:00",
      "2024-07-19T05:07:00+0200",
      "2024-07-19T05:07:00+24:00",
      "2024-07-19T05:07:00+02:60",
      "2024-07-19T05:07:00.Z",
      "2024-07-19T05:07:00.5",
      "2024/07/19T05:07:00Z",
      "1601-01-01T00:00:00Z",
      "9999-01-01T00:00:00Z",
      "-024-07-19T05:07:00Z",
      "+024-07-19T05:07:00Z",
  };
  for (const char* text : wrong) {
    CAPTURE(text);
    CHECK_FALSE(parse_iso8601(text));
  }
}

TEST_CASE("every written time is read back as the same time", "[base]") {
  for (int64_t seconds = -9000000000; seconds < 9000000000; seconds += 98765431) {
    const Time time = at(seconds, (seconds % 1000 + 1000) % 1000 * 1000003);
    REQUIRE(parse_iso8601(to_iso8601(time)) == time);
  }
}

TEST_CASE("FILETIMEs are converted both ways to 100 ns, and clamped where nanoseconds end", "[base]") {
  CHECK(from_filetime(116444736000000000) == at(0));
  CHECK(to_filetime(at(0)) == 116444736000000000);
  CHECK(from_filetime(133658392200000000) == at(1721365620));
  CHECK(to_iso8601(from_filetime(133658392200000001)) == "2024-07-19T05:07:00.0000001Z");
  for (uint64_t filetime :
       {uint64_t{130000000000000000}, uint64_t{116444735999999999}, uint64_t{133658392212345678}})
    CHECK(to_filetime(from_filetime(filetime)) == filetime);
  CHECK(to_filetime(at(0, 199)) == 116444736000000001);  // towards the past
  CHECK(to_filetime(at(-1, 999999950)) == 116444735999999999);
  // 1601, the year 60056, and a value that is no time at all: the ends of what nanoseconds can say.
  CHECK(to_iso8601(from_filetime(0)).substr(0, 4) == "1677");
  CHECK(to_iso8601(Time::min()) == "1677-09-21T00:12:43.145224192Z");
  CHECK(to_iso8601(Time::max()) == "2262-04-11T23:47:16.854775807Z");
  CHECK(to_iso8601(from_filetime(INT64_MAX)).substr(0, 4) == "2262");
  CHECK(to_iso8601(from_filetime(UINT64_MAX)).substr(0, 4) == "2262");
  CHECK(from_filetime(0) < from_filetime(116444736000000000));
}

TEST_CASE("the clocks move forward", "[base]") {
  const uint64_t before = monotonic_ns();
  CHECK(monotonic_ns() >= before);
  CHECK(now() > at(1700000000));
}

}  // namespace
}  // namespace mend
