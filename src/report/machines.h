// SPDX-License-Identifier: GPL-3.0-or-later
// From runs to machines: which runs were on the same PC, and where that PC stands now.
//
// Invariants
//   MC-1  Two runs are put together only by what tells machines apart: what the firmware says (uuid and
//         serial number), or, where `mend` ran on another host, the disk's and the partition's identity with
//         the computer's name. Never by a name alone: a locked PC must not hide behind a repaired namesake.
//   MC-2  A machine counts as fixed only by a run that fixed it, was no dry run, and was not undone since.
//   MC-3  Every run is a visit of at least one machine; nothing is dropped.
#pragma once

#include <string>
#include <vector>

#include "report/run.h"

namespace mend::report {

enum class State { kFixed, kNotAffected, kNeedsSomeone, kNeverSeen };
std::string_view to_string(State state);

// One machine's part of a run: all volumes, or, on a host that is not the machine itself, those of one disk.
struct Visit {
  size_t run = 0;               // index
  std::vector<size_t> volumes;  // indexes into the run's
  std::string verdict;          // one of mend's, or interrupted, stopped, undone, no-windows
  std::string reason;
};

struct Machine {
  State state = State::kNeverSeen;
  std::string verdict, reason;  // of the visit that decided
  std::string name;             // Windows' own, else what its encryption calls it, else what there is
  std::string customer, vendor, model, serial, uuid, product, build;
  std::vector<Visit> visits;  // first to last
  bool shares_name = false;   // another machine of this customer has the same name
};

// `order`: indexes of `runs`, first to last. The machines in order of their last visit.
std::vector<Machine> find_machines(const std::vector<const Run*>& runs, const std::vector<size_t>& order);

// Adds a machine that was never seen for each host that none of `customer`'s machines has the name of.
void add_never_seen(std::vector<Machine>& machines, const std::vector<std::string>& hosts,
                    const std::string& customer);

}  // namespace mend::report
