// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/machines.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>

#include "base/text.h"
#include "report/hosts.h"

namespace mend::report {
namespace {

// From bad to worse, as in repair/report.cc.
constexpr std::array kVerdicts = {"not-affected", "would-fix", "fixed",   "locked", "unsupported",
                                  "refused",      "unsafe",    "damaged", "failed"};

size_t rank(const std::string& verdict) {
  return static_cast<size_t>(std::find(kVerdicts.begin(), kVerdicts.end(), verdict) - kVerdicts.begin());
}

// The first word of "PC-0147 C: 3/14/2023", which Windows wrote when it encrypted the volume.
std::string described_name(const std::string& description) {
  return description.substr(0, description.find(' '));
}

const VolumeSeen* worst_of(const Run& run, const std::vector<size_t>& volumes) {
  const VolumeSeen* worst = nullptr;
  for (const size_t i : volumes) {
    const VolumeSeen& volume = run.volumes[i];
    if (volume.verdict.empty()) continue;
    if (worst == nullptr || rank(volume.verdict) > rank(worst->verdict)) worst = &volume;
  }
  return worst;
}

// The volume that the run's verdict comes from: locked data volumes have one too, and do not count in it.
const VolumeSeen* volume_with(const Run& run, const std::vector<size_t>& volumes,
                              const std::string& verdict) {
  for (const size_t i : volumes) {
    if (run.volumes[i].verdict == verdict) return &run.volumes[i];
  }
  return nullptr;
}

// A run that does not plan, but takes up a journal.
void judge_journal(Visit& visit, const Run& run) {
  const std::string& outcome = run.taken_up_outcome;
  const bool is_undo = run.command == "undo";
  if (is_undo && (outcome == "undone" || outcome == "already-done" || run.verdict == "fixed")) {
    visit.verdict = "undone";
    visit.reason = "the repair was taken back";
  } else if (!is_undo && outcome == "committed") {
    visit.verdict = "fixed";
    visit.reason = "the repair that had been interrupted was finished by its journal";
  } else if (!is_undo && outcome.empty() && run.refused.empty()) {
    visit.verdict = "nothing-to-do";
  } else if (!is_undo && (outcome == "rolled-back" || outcome == "nothing-written" || outcome == "undone")) {
    visit.verdict = "interrupted";
    visit.reason = "the repair that had been interrupted was taken back; it has to be begun anew";
  } else {
    visit.verdict = "failed";
    visit.reason = run.refused.empty() ? "the journal of the repair could not be used" : run.refused;
  }
}

void judge(Visit& visit, const Run& run, bool is_whole_run) {
  const VolumeSeen* volume = is_whole_run && run.finished ? volume_with(run, visit.volumes, run.verdict)
                                                          : worst_of(run, visit.volumes);
  if (!run.stopped.empty()) {
    visit.verdict = "stopped";
    visit.reason = run.stopped;
  } else if (!run.finished) {
    visit.verdict = "interrupted";
    visit.reason = "the log ends before the run did: " + run.cut_why;
  } else if (run.command == "undo" || run.command == "resume") {
    return judge_journal(visit, run);
  } else if (is_whole_run) {
    visit.verdict = run.verdict.empty() ? "no-windows" : run.verdict;
  } else {
    visit.verdict = volume != nullptr ? volume->verdict : "no-windows";
  }
  if (visit.reason.empty() && volume != nullptr) visit.reason = volume->reason;
  if (run.exit_status == 5) {
    visit.verdict = "failed";
    visit.reason = run.refused.empty() ? "work that was interrupted earlier cannot be finished" : run.refused;
  }
}

std::vector<Visit> visits_of(const Run& run, size_t index) {
  std::vector<Visit> visits;
  std::map<std::string, size_t> by_disk;
  const bool whole = run.on_stick() || run.disks.size() < 2;
  for (size_t i = 0; i < run.volumes.size(); ++i) {
    const std::string disk = whole ? std::string() : run.volumes[i].disk;
    const auto [place, is_new] = by_disk.emplace(disk, visits.size());
    if (is_new) visits.emplace_back().run = index;
    visits[place->second].volumes.push_back(i);
  }
  if (visits.empty()) visits.emplace_back().run = index;
  // On another host's disks that hold no Windows are no machines.
  if (!whole && visits.size() > 1) {
    std::vector<Visit> with_windows;
    for (Visit& visit : visits) {
      if (worst_of(run, visit.volumes) != nullptr) with_windows.push_back(std::move(visit));
    }
    if (!with_windows.empty()) visits = std::move(with_windows);
  }
  for (Visit& visit : visits) judge(visit, run, visits.size() == 1);
  return visits;
}

bool is_identity(const std::string& uuid) {
  // Some boards of many makers share one.
  return !uuid.empty() && uuid != "03000200-0400-0500-0006-000700080009" &&
         uuid.find_first_not_of("0-") != std::string::npos &&
         uuid.find_first_not_of("f-") != std::string::npos;
}

// MC-1: by what this visit's machine is known. A journal is of the machine whose repair wrote it.
std::vector<std::string> keys_of(const Run& run, const Visit& visit) {
  std::vector<std::string> keys;
  if (visit.volumes.empty() && !run.taken_up.empty()) keys.push_back("journal:" + run.taken_up);
  for (const size_t i : visit.volumes) {
    if (!run.volumes[i].journal.empty()) keys.push_back("journal:" + run.volumes[i].journal);
  }
  if (run.on_stick() && (is_identity(run.uuid) || !run.serial.empty())) {
    keys.push_back("machine:" + run.uuid + "/" + run.vendor + "/" + run.model + "/" + run.serial);
    return keys;
  }
  for (const size_t i : visit.volumes) {
    const VolumeSeen& volume = run.volumes[i];
    const std::string name = volume.description.empty() ? volume.host : described_name(volume.description);
    if (volume.guid.empty() || name.empty()) continue;
    std::string disk;
    for (const DiskSeen& seen : run.disks) {
      if (seen.path == volume.disk) disk = seen.guid + "/" + seen.serial;
    }
    keys.push_back("volume:" + disk + "/" + volume.guid + "/" + lower_ascii(name));
  }
  return keys;
}

// Sets that share a key become one.
class Groups {
 public:
  explicit Groups(size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
  size_t find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(size_t a, size_t b) { parent_[find(b)] = find(a); }

 private:
  std::vector<size_t> parent_;
};

State state_of(const std::string& verdict) {
  if (verdict == "fixed") return State::kFixed;
  return verdict == "not-affected" ? State::kNotAffected : State::kNeedsSomeone;
}

// Where the machine stands after its visits (MC-2).
void conclude(Machine& machine, const std::vector<const Run*>& runs) {
  const Visit* decided = nullptr;
  for (const Visit& visit : machine.visits) {
    const Run& run = *runs[visit.run];
    if (visit.verdict == "nothing-to-do" && decided != nullptr) continue;
    // A dry run decides only where nothing else has.
    if (run.dry_run && decided != nullptr && !runs[decided->run]->dry_run) continue;
    // Nothing was left to do after it had been fixed.
    if (visit.verdict == "not-affected" && decided != nullptr && decided->verdict == "fixed") continue;
    decided = &visit;
  }
  machine.verdict = decided->verdict;
  machine.reason = decided->reason;
  machine.state = state_of(decided->verdict);
}

void take_facts(Machine& machine, const Run& run, const Visit& visit) {
  const auto take = [](std::string& into, const std::string& text) {
    if (!text.empty()) into = text;
  };
  take(machine.customer, run.customer);
  if (run.on_stick()) {
    take(machine.vendor, run.vendor);
    take(machine.model, run.model);
    take(machine.serial, run.serial);
    take(machine.uuid, run.uuid);
  }
  bool named = false;
  for (const size_t i : visit.volumes) {
    const VolumeSeen& volume = run.volumes[i];
    if (volume.host.empty() || named) continue;
    named = true;
    machine.name = volume.host;
    take(machine.product, volume.product);
    take(machine.build, volume.build);
  }
  for (const size_t i : visit.volumes) {
    if (machine.name.empty()) machine.name = described_name(run.volumes[i].description);
  }
}

void mark_shared_names(std::vector<Machine>& machines) {
  std::map<std::string, size_t> count;
  const auto key = [](const Machine& machine) { return machine.customer + "/" + host_key(machine.name); };
  for (const Machine& machine : machines) ++count[key(machine)];
  for (Machine& machine : machines) machine.shares_name = !machine.name.empty() && count[key(machine)] > 1;
}

struct Seen {
  Visit visit;
  std::vector<std::string> keys;
};

std::vector<Seen> all_visits(const std::vector<const Run*>& runs, const std::vector<size_t>& order) {
  std::vector<Seen> all;
  for (const size_t index : order) {
    for (Visit& visit : visits_of(*runs[index], index)) {
      std::vector<std::string> keys = keys_of(*runs[index], visit);
      all.push_back({std::move(visit), std::move(keys)});
    }
  }
  return all;
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::kFixed:
      return "fixed";
    case State::kNotAffected:
      return "not affected";
    case State::kNeedsSomeone:
      return "needs someone";
    case State::kNeverSeen:
      return "never seen";
  }
  return "never seen";
}

std::vector<Machine> find_machines(const std::vector<const Run*>& runs, const std::vector<size_t>& order) {
  std::vector<Seen> all = all_visits(runs, order);
  Groups groups(all.size());
  std::map<std::string, size_t> first_with;
  for (size_t i = 0; i < all.size(); ++i) {
    for (const std::string& key : all[i].keys) groups.join(first_with.emplace(key, i).first->second, i);
  }
  std::map<size_t, Machine> machines;
  std::map<size_t, size_t> last_visit;
  for (size_t i = 0; i < all.size(); ++i) {
    Machine& machine = machines[groups.find(i)];
    last_visit[groups.find(i)] = i;
    take_facts(machine, *runs[all[i].visit.run], all[i].visit);
    machine.visits.push_back(std::move(all[i].visit));
  }
  std::vector<std::pair<size_t, Machine>> by_last;
  for (auto& [group, machine] : machines) {
    conclude(machine, runs);
    by_last.emplace_back(last_visit[group], std::move(machine));
  }
  std::sort(by_last.begin(), by_last.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Machine> result;
  result.reserve(by_last.size());
  for (auto& [last, machine] : by_last) result.push_back(std::move(machine));
  mark_shared_names(result);
  return result;
}

void add_never_seen(std::vector<Machine>& machines, const std::vector<std::string>& hosts,
                    const std::string& customer) {
  std::set<std::string> seen;
  for (const Machine& machine : machines) {
    if (machine.customer == customer) seen.insert(host_key(machine.name));
  }
  for (const std::string& host : hosts) {
    if (!seen.insert(host_key(host)).second) continue;
    Machine machine;
    machine.name = host;
    machine.customer = customer;
    machine.verdict = "never-seen";
    machine.reason = "it is on the list of hosts, and no log is of it";
    machines.push_back(std::move(machine));
  }
}

}  // namespace mend::report
