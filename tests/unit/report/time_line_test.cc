// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/time_line.h"

#include <algorithm>
#include <random>

#include "tests/support/catch.h"

namespace mend::report {
namespace {

Time at(const char* text) {
  return *parse_iso8601(std::string("2026-11-23T") + text + ":00Z");
}

const Time kBuilt = at("06:00"), kMade = at("20:00");

// A run on a stick, of a PC in a zone an hour ahead of UTC.
Run run(const std::string& id, const std::string& previous, std::optional<Time> clock,
        std::optional<int> bias = -60) {
  Run made;
  made.id = id;
  made.previous = previous;
  made.clock = clock;
  made.stick_id = "stick";
  made.image_built = kBuilt;
  made.volumes.emplace_back().bias_minutes = bias;
  return made;
}

std::string ordered(std::vector<Run>& runs, std::vector<std::string>* missing = nullptr) {
  std::vector<Run*> pointers;
  for (Run& one : runs) pointers.push_back(&one);
  const Order order = order_runs(pointers, kMade);
  if (missing != nullptr) *missing = order.missing_runs;
  std::string ids;
  for (const size_t i : order.runs) ids += runs[i].id;
  return ids;
}

TEST_CASE("the clock chip's local time becomes UTC by the zone of the PC's Windows", "[report]") {
  std::vector<Run> runs = {run("a", "", at("09:00"), -60), run("b", "", at("09:00"), 300)};
  CHECK(ordered(runs) == "ab");
  CHECK(runs[0].when.kind == When::Kind::kClock);
  CHECK(runs[0].when.best == at("08:00"));
  CHECK(runs[1].when.best == at("14:00"));
}

TEST_CASE("on a technician's own computer the clock is UTC already", "[report]") {
  std::vector<Run> runs = {run("a", "", at("09:00"))};
  runs[0].stick_id.clear();
  ordered(runs);
  CHECK(runs[0].when.best == at("09:00"));
}

TEST_CASE("a clock before the image's build, or after the report's making, must be wrong", "[report]") {
  std::vector<Run> runs = {run("a", "", *parse_iso8601("2019-01-01T00:00:00Z")),
                           run("b", "", *parse_iso8601("2031-01-01T00:00:00Z"))};
  ordered(runs);
  for (const Run& one : runs) {
    CHECK(one.when.kind == When::Kind::kWrong);
    CHECK_FALSE(one.when.why.empty());
    CHECK(one.when.earliest == kBuilt);
    CHECK(one.when.latest == kMade);
  }
}

TEST_CASE("TL-1: the order of a stick's runs is that in which each names the one before it", "[report]") {
  std::vector<Run> runs = {run("c", "b", at("11:00")), run("a", "", at("09:00")),
                           run("b", "a", *parse_iso8601("2019-01-01T00:00:00Z")), run("d", "c", at("10:58"))};
  CHECK(ordered(runs) == "abcd");
  // Between the runs around it.
  CHECK(runs[2].when.kind == When::Kind::kWrong);
  CHECK(runs[2].when.earliest == at("08:00"));
  CHECK(runs[2].when.latest == at("09:58"));  // the last two differ by less than clocks may
  // TL-2: two minutes are no proof.
  CHECK(runs[3].when.kind == When::Kind::kClock);
}

TEST_CASE("TL-2: of clocks that contradict the order, as few as possible are wrong", "[report]") {
  // Plausible by itself, and an hour too late for its place.
  std::vector<Run> runs = {run("a", "", at("09:00")), run("b", "a", at("12:00")), run("c", "b", at("09:20")),
                           run("d", "c", at("09:30"))};
  CHECK(ordered(runs) == "abcd");
  CHECK(runs[1].when.kind == When::Kind::kWrong);
  CHECK(runs[1].when.latest == at("08:20"));
  CHECK(runs[0].when.kind == When::Kind::kClock);
  CHECK(runs[2].when.kind == When::Kind::kClock);
  CHECK(runs[3].when.kind == When::Kind::kClock);
}

TEST_CASE("TL-2: a clock of an unknown zone is wrong only where no zone would do", "[report]") {
  std::vector<Run> runs = {run("a", "", at("09:00")), run("b", "a", at("16:00"), std::nullopt),
                           run("c", "b", at("09:30"))};
  CHECK(ordered(runs) == "abc");
  CHECK(runs[1].when.kind == When::Kind::kNoZone);
  CHECK(runs[1].when.best == at("08:30"));  // not after the run that followed it
  runs[1].clock = at("09:00") + std::chrono::hours(24);
  runs[1].when = {};
  CHECK(ordered(runs) == "abc");
  CHECK(runs[1].when.kind == When::Kind::kWrong);
}

TEST_CASE("a run without a time keeps its place", "[report]") {
  std::vector<Run> runs = {run("a", "", at("09:00")), run("b", "a", std::nullopt),
                           run("c", "b", at("09:30"))};
  CHECK(ordered(runs) == "abc");
  CHECK(runs[1].when.kind == When::Kind::kNothing);
}

TEST_CASE("a run that is named and has no log is missing; a circle is no order, and loses nobody",
          "[report]") {
  std::vector<std::string> missing;
  std::vector<Run> runs = {run("b", "a", at("09:00")), run("x", "y", at("10:00")), run("y", "x", at("11:00")),
                           run("z", "z", at("12:00"))};
  std::string ids = ordered(runs, &missing);
  CHECK(missing == std::vector<std::string>{"a"});
  std::sort(ids.begin(), ids.end());
  CHECK(ids == "bxyz");
}

TEST_CASE("TL-1: whatever the clocks say, no stick's order is broken", "[report]") {
  std::mt19937 dice(1);  // NOLINT: the same runs each time
  for (int round = 0; round < 200; ++round) {
    std::vector<Run> runs;
    for (char id = 'a'; id < 'a' + 12; ++id) {
      const auto minutes = std::chrono::minutes(static_cast<int>(dice() % 2000) - 300);
      std::optional<Time> clock = at("09:00") + minutes;
      if (dice() % 8 == 0) clock.reset();
      const std::optional<int> bias = dice() % 4 == 0 ? std::nullopt : std::optional<int>(-60);
      runs.push_back(
          run(std::string(1, id), id == 'a' ? "" : std::string(1, static_cast<char>(id - 1)), clock, bias));
    }
    std::shuffle(runs.begin(), runs.end(), dice);
    CHECK(ordered(runs) == "abcdefghijkl");
    for (const Run& one : runs) {
      if (one.when.kind == When::Kind::kWrong) CHECK_FALSE(one.when.why.empty());
      if (one.when.best) CHECK(*one.when.best <= kMade + kTolerance);
    }
  }
}

}  // namespace
}  // namespace mend::report
