// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/recovery.h"

#include <algorithm>
#include <set>

#include "report/remedy.h"
#include "report/time_line.h"

namespace mend::report {
namespace {

constexpr double kNsPerMinute = 60e9;

bool wanted(const Run& run, const std::vector<std::string>& customers) {
  return customers.empty() || std::find(customers.begin(), customers.end(), run.customer) != customers.end();
}

void take_runs(Logs logs, const RecoveryRequest& request, Recovery& recovery) {
  std::vector<Run>& runs = logs.runs;
  for (Run& run : runs) {
    if (run.customer.empty()) run.customer = request.unnamed_customer;
  }
  // The order of a stick's runs is that of all of them, whichever customers are wanted.
  std::vector<Run*> pointers;
  pointers.reserve(runs.size());
  for (Run& run : runs) pointers.push_back(&run);
  Order order = order_runs(pointers, request.made);
  recovery.missing_runs = std::move(order.missing_runs);
  for (const size_t i : order.runs) {
    if (wanted(runs[i], request.customers)) recovery.runs.push_back(std::move(runs[i]));
  }
  recovery.findings = std::move(logs.findings);
  recovery.files = logs.files;
  recovery.whole = logs.whole;
  recovery.duplicates = logs.duplicates;
}

void count(const Machine& machine, Counts& counts) {
  switch (machine.state) {
    case State::kFixed:
      ++counts.fixed;
      break;
    case State::kNotAffected:
      ++counts.not_affected;
      break;
    case State::kNeedsSomeone:
      ++counts.needs_someone;
      break;
    case State::kNeverSeen:
      ++counts.never_seen;
      break;
  }
}

void group_reasons(Recovery& recovery) {
  std::map<std::pair<std::string, std::string>, size_t> places;
  for (size_t i = 0; i < recovery.machines.size(); ++i) {
    const Machine& machine = recovery.machines[i];
    if (machine.state != State::kNeedsSomeone) continue;
    const std::string reason = common_part(machine.reason);
    const auto [place, is_new] = places.emplace(std::pair(machine.verdict, reason), recovery.reasons.size());
    if (is_new) recovery.reasons.push_back({machine.verdict, reason, remedy_for(machine.verdict), {}});
    recovery.reasons[place->second].machines.push_back(i);
  }
  std::stable_sort(
      recovery.reasons.begin(), recovery.reasons.end(),
      [](const ReasonGroup& a, const ReasonGroup& b) { return a.machines.size() > b.machines.size(); });
}

void take_stick(const Run& run, size_t machine, const std::string& verdict, Stick& stick) {
  stick.id = run.stick_id;
  stick.customer = run.customer;
  stick.image_id = run.image_id;
  ++stick.runs;
  if (stick.machines.empty() || stick.machines.back() != machine) stick.machines.push_back(machine);
  if (verdict == "fixed" && !run.dry_run) ++stick.fixed;
  if (run.when.kind == When::Kind::kWrong) ++stick.wrong_clocks;
  if (!run.when.best) return;
  stick.first = stick.first ? std::min(*stick.first, *run.when.best) : *run.when.best;
  stick.last = stick.last ? std::max(*stick.last, *run.when.best) : *run.when.best;
}

void gather_sticks(Recovery& recovery) {
  std::map<std::string, Stick> sticks;
  for (size_t i = 0; i < recovery.machines.size(); ++i) {
    for (const Visit& visit : recovery.machines[i].visits) {
      const Run& run = recovery.runs[visit.run];
      if (!run.stick_id.empty()) take_stick(run, i, visit.verdict, sticks[run.stick_id]);
    }
  }
  for (auto& [id, stick] : sticks) recovery.sticks.push_back(std::move(stick));
}

void gather_keys(Recovery& recovery) {
  std::set<std::string> seen;
  for (size_t i = 0; i < recovery.machines.size(); ++i) {
    for (const Visit& visit : recovery.machines[i].visits) {
      const Run& run = recovery.runs[visit.run];
      for (const size_t v : visit.volumes) {
        const VolumeSeen& volume = run.volumes[v];
        if (volume.protector_id.empty() || volume.protector_type != "recovery password") continue;
        if (!seen.insert(volume.protector_id).second) continue;
        recovery.keys.push_back({volume.protector_id, i,
                                 volume.description.empty() ? "partition " + std::to_string(volume.partition)
                                                            : volume.description,
                                 run.when.best});
      }
    }
  }
}

void gather_versions(Recovery& recovery) {
  for (const Run& run : recovery.runs) {
    ++recovery.tools[run.tool];
    for (const ManifestSeen& manifest : run.manifests) {
      const auto same = std::find_if(recovery.manifests.begin(), recovery.manifests.end(),
                                     [&](const ManifestUse& use) { return use.manifest == manifest; });
      if (same != recovery.manifests.end()) {
        ++same->runs;
      } else {
        recovery.manifests.push_back({manifest, 1});
      }
    }
  }
}

void measure(Recovery& recovery) {
  std::vector<double> minutes;
  for (const Machine& machine : recovery.machines) {
    uint64_t total = 0;
    for (const Visit& visit : machine.visits) total += machine_time_ns(recovery.runs[visit.run]);
    if (total != 0) minutes.push_back(static_cast<double>(total) / kNsPerMinute);
  }
  if (minutes.empty()) return;
  const auto middle = minutes.begin() + static_cast<std::ptrdiff_t>(minutes.size() / 2);
  std::nth_element(minutes.begin(), middle, minutes.end());
  recovery.median_minutes = *middle;
}

}  // namespace

uint64_t machine_time_ns(const Run& run) {
  return run.duration_ns + (run.on_stick() ? run.since_boot_ns : 0);
}

Recovery make_recovery(Logs logs, const RecoveryRequest& request) {
  Recovery recovery;
  recovery.made = request.made;
  recovery.only_customers = request.customers;
  take_runs(std::move(logs), request, recovery);
  std::vector<const Run*> runs;
  std::vector<size_t> order;
  for (const Run& run : recovery.runs) {
    order.push_back(runs.size());
    runs.push_back(&run);
  }
  recovery.machines = find_machines(runs, order);
  for (const HostList& list : request.hosts) {
    add_never_seen(recovery.machines, list.hosts, list.customer);
    recovery.has_host_list = true;
  }
  for (const Machine& machine : recovery.machines) count(machine, recovery.customers[machine.customer]);
  group_reasons(recovery);
  gather_sticks(recovery);
  gather_keys(recovery);
  gather_versions(recovery);
  measure(recovery);
  return recovery;
}

}  // namespace mend::report
