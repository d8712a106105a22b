// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/time_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace mend::report {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// UTC is local time plus the bias: from -14 h (Kiritimati) to +12 h (Baker Island).
constexpr hours kLeastBias{-14}, kMostBias{12};

std::optional<int> bias_of(const Run& run) {
  for (const VolumeSeen& volume : run.volumes) {
    if (volume.bias_minutes) return volume.bias_minutes;
  }
  return std::nullopt;
}

// What one run's clock says, before it is compared with anything.
struct Claim {
  Run* run = nullptr;
  size_t index = 0;
  std::optional<Time> earliest, latest;  // in UTC; the same where the zone is known
  bool wrong = false;

  bool exact() const { return earliest && *earliest == *latest; }
};

Claim claim_of(Run& run, size_t index) {
  Claim claim{&run, index, run.clock, run.clock, false};
  if (!run.clock || !run.on_stick()) return claim;
  const std::optional<int> bias = bias_of(run);
  claim.earliest = *run.clock + (bias ? minutes(*bias) : minutes(kLeastBias));
  claim.latest = *run.clock + (bias ? minutes(*bias) : minutes(kMostBias));
  return claim;
}

void call_wrong(Claim& claim, std::string why) {
  claim.wrong = true;
  claim.run->when.kind = When::Kind::kWrong;
  claim.run->when.why = std::move(why);
}

// Against what is known without any other run.
void check_limits(Claim& claim, Time made) {
  if (!claim.earliest) return;
  const auto& built = claim.run->image_built;
  if (built && *claim.latest < *built - kTolerance)
    return call_wrong(claim,
                      "the clock was before the build of the image on the stick, " + for_people(*built));
  if (*claim.earliest > made + kTolerance)
    call_wrong(claim, "the clock was after the making of this report, " + for_people(made));
}

// The runs that follow each other, first to last: each named the one before it. Where two name the same one
// (a stick was copied, or its logs were brought back), the one with the earlier clock goes first.
using Chain = std::vector<Claim*>;

struct Chains {
  std::vector<Chain> chains;
  std::vector<std::string> missing;
};

Chains chains_of(std::vector<Claim>& claims) {
  std::map<std::string, Claim*> by_id;
  for (Claim& claim : claims) by_id[claim.run->id] = &claim;
  std::map<std::string, std::vector<Claim*>> next;
  std::vector<Claim*> starts;
  std::set<std::string> missing;
  for (Claim& claim : claims) {
    const std::string& previous = claim.run->previous;
    const bool is_here = by_id.count(previous) != 0;
    const bool known = is_here && previous != claim.run->id;
    if (!is_here && !previous.empty()) missing.insert(previous);
    (known ? next[previous] : starts).push_back(&claim);
  }
  Chains result;
  result.missing.assign(missing.begin(), missing.end());
  std::set<const Claim*> seen;
  const auto walk = [&](Claim* start) {
    Chain chain;
    std::vector<Claim*> waiting = {start};
    while (!waiting.empty()) {
      Claim* claim = waiting.back();
      waiting.pop_back();
      if (!seen.insert(claim).second) continue;
      chain.push_back(claim);
      std::vector<Claim*>& after = next[claim->run->id];
      std::sort(after.begin(), after.end(), [](Claim* a, Claim* b) { return a->run->clock > b->run->clock; });
      waiting.insert(waiting.end(), after.begin(), after.end());
    }
    if (!chain.empty()) result.chains.push_back(std::move(chain));
  };
  for (Claim* start : starts) walk(start);
  for (Claim& claim : claims) walk(&claim);  // those that name each other in a circle: no order is known
  return result;
}

// The longest part of the chain whose exact clocks do not go back; the others contradict it.
std::set<const Claim*> believable(const Chain& chain) {
  std::vector<size_t> tails;  // of the best sequence of each length
  std::vector<size_t> before(chain.size(), SIZE_MAX);
  for (size_t i = 0; i < chain.size(); ++i) {
    if (chain[i]->wrong || !chain[i]->exact()) continue;
    const auto at = std::upper_bound(tails.begin(), tails.end(), i, [&](size_t a, size_t b) {
      return *chain[a]->earliest < *chain[b]->earliest;
    });
    if (at != tails.begin()) before[i] = *std::prev(at);
    if (at == tails.end()) {
      tails.push_back(i);
    } else {
      *at = i;
    }
  }
  std::set<const Claim*> good;
  for (size_t i = tails.empty() ? SIZE_MAX : tails.back(); i != SIZE_MAX; i = before[i])
    good.insert(chain[i]);
  return good;
}

// What the believable runs around it say of each run of a chain: not before, not after.
struct Bounds {
  std::optional<Time> earliest, latest;
};

std::vector<Bounds> bounds_of(const Chain& chain, const std::set<const Claim*>& good, Time made) {
  std::vector<Bounds> bounds(chain.size());
  std::optional<Time> last;
  for (size_t i = 0; i < chain.size(); ++i) {
    const auto& built = chain[i]->run->image_built;
    if (built && (!last || *built > *last)) last = built;
    bounds[i].earliest = last;
    if (good.count(chain[i]) != 0) last = std::max(last.value_or(*chain[i]->earliest), *chain[i]->earliest);
  }
  last = made;
  for (size_t i = chain.size(); i-- > 0;) {
    bounds[i].latest = last;
    if (good.count(chain[i]) != 0) last = std::min(*last, *chain[i]->earliest);
  }
  return bounds;
}

// Whether the claim can be true between the bounds.
bool agrees(const Claim& claim, const Bounds& bounds) {
  return (!bounds.earliest || *claim.latest >= *bounds.earliest - kTolerance) &&
         *claim.earliest <= *bounds.latest + kTolerance;
}

void settle(Claim& claim, const Bounds& bounds, bool good) {
  When& when = claim.run->when;
  if (!claim.earliest) {
    when.kind = When::Kind::kNothing;
    when.best = bounds.earliest;
    return;
  }
  if (!claim.wrong && !good && !agrees(claim, bounds))
    call_wrong(claim, "the clock contradicts the order of the runs on the stick");
  when.earliest = bounds.earliest;
  when.latest = bounds.latest;
  if (claim.wrong) {
    when.best = bounds.earliest ? bounds.earliest : bounds.latest;
    return;
  }
  when.kind = claim.exact() ? When::Kind::kClock : When::Kind::kNoZone;
  const Time middle = claim.exact() ? *claim.earliest : *claim.run->clock;
  const Time least = bounds.earliest.value_or(middle);
  when.best = std::clamp(middle, std::min(least, *bounds.latest), *bounds.latest);
}

}  // namespace

std::string for_people(Time time) {
  const std::string iso = to_iso8601(time);
  return iso.substr(0, 10) + " " + iso.substr(11, 5) + " UTC";
}

Order order_runs(std::vector<Run*>& runs, Time made) {
  std::vector<Claim> claims;
  claims.reserve(runs.size());
  for (size_t i = 0; i < runs.size(); ++i) claims.push_back(claim_of(*runs[i], i));
  for (Claim& claim : claims) check_limits(claim, made);
  Chains chains = chains_of(claims);
  struct Place {
    std::optional<Time> time;
    size_t chain, position, run;
  };
  std::vector<Place> places;
  for (size_t c = 0; c < chains.chains.size(); ++c) {
    const Chain& chain = chains.chains[c];
    const auto good = believable(chain);
    const std::vector<Bounds> bounds = bounds_of(chain, good, made);
    std::optional<Time> last;
    for (size_t i = 0; i < chain.size(); ++i) {
      settle(*chain[i], bounds[i], good.count(chain[i]) != 0);
      last = std::max(last, chain[i]->run->when.best);  // TL-1, within the tolerance too
      places.push_back({last, c, i, chain[i]->index});
    }
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(a.time, a.chain, a.position) < std::tie(b.time, b.chain, b.position);
  });
  Order order;
  order.missing_runs = std::move(chains.missing);
  for (const Place& place : places) order.runs.push_back(place.run);
  return order;
}

}  // namespace mend::report
