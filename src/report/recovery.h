// SPDX-License-Identifier: GPL-3.0-or-later
// Where a recovery stands: all that the page, the CSV and the JSON show, as plain values. Made from the logs
// that could be read and, where there is one, a list of the customer's hosts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/log_files.h"
#include "report/machines.h"

namespace mend::report {

struct Counts {
  size_t fixed = 0, not_affected = 0, needs_someone = 0, never_seen = 0;
  size_t all() const { return fixed + not_affected + needs_someone + never_seen; }
};

// Machines that need somebody for the same reason.
struct ReasonGroup {
  std::string verdict, reason, remedy;
  std::vector<size_t> machines;
};

struct Stick {
  std::string id, customer, image_id;
  size_t runs = 0;
  std::vector<size_t> machines;
  size_t fixed = 0;
  std::optional<Time> first, last;
  size_t wrong_clocks = 0;
};

// A recovery password that was used, so that somebody has seen it: to be changed.
struct ExposedKey {
  std::string protector_id;
  size_t machine = 0;
  std::string volume;  // what Windows calls it, else its partition
  std::optional<Time> used;
};

struct ManifestUse {
  ManifestSeen manifest;
  size_t runs = 0;
};

struct Recovery {
  Time made{};
  std::vector<std::string> only_customers;  // empty: all
  std::vector<Run> runs;                    // first to last, as far as it can be known
  std::vector<Machine> machines;
  std::map<std::string, Counts> customers;
  std::vector<ReasonGroup> reasons;  // the largest first
  std::vector<Stick> sticks;
  std::vector<ExposedKey> keys;
  std::vector<ManifestUse> manifests;
  std::map<std::string, size_t> tools;  // "mend 0.1.0" → runs
  std::vector<Finding> findings;
  std::vector<std::string> missing_runs;
  size_t files = 0, whole = 0, duplicates = 0;
  double median_minutes =
      0;  // of the time that a machine took, over those that a run is known to have finished on
  bool has_host_list = false;
};

struct HostList {
  std::string customer;
  std::vector<std::string> hosts;
};

struct RecoveryRequest {
  std::vector<std::string> customers;  // only their machines; empty: all
  std::vector<HostList> hosts;
  std::string unnamed_customer;  // whose the logs are that name none: those of a technician's own computer
  Time made{};
};

Recovery make_recovery(Logs logs, const RecoveryRequest& request);

// Nanoseconds that the run had the machine: on the stick from its start on.
uint64_t machine_time_ns(const Run& run);

}  // namespace mend::report
