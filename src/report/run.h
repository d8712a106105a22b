// SPDX-License-Identifier: GPL-3.0-or-later
// One run of `mend` as its log tells it: plain values, filled record by record. What is not in the log stays
// empty; a record or a field that is not known is passed over, so that logs of other versions can be read.
// The names of records and fields: audit/FORMAT.md.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "audit/reader.h"
#include "base/clock.h"

namespace mend::report {

// A file that a run planned to change, and what became of it.
struct FileChange {
  std::string rule, action, path, new_path, sha256, outcome, note, modified;
  uint64_t size_bytes = 0;
};

// A rule that did nothing, and why.
struct Idle {
  std::string rule, reason;
};

struct VolumeSeen {
  std::string disk;  // its path in that run
  uint64_t partition = 0;
  std::string guid;
  uint64_t size_bytes = 0;
  std::string filesystem, state;
  std::string method, description, protector_id, protector_type;  // of the encryption; empty: none
  std::string host, product, build, time_zone;                    // of the Windows on it; empty: none
  std::optional<int> bias_minutes;                                // UTC = local time + bias
  std::string verdict, reason;
  std::string journal;  // the file's name; empty: nothing was written
  std::vector<FileChange> files;
  std::vector<Idle> idle;
};

struct DiskSeen {
  std::string path, vendor, model, serial, guid;
  uint64_t size_bytes = 0;
};

struct ManifestSeen {
  std::string id, sha256;
  int64_t version = 0;
  bool operator==(const ManifestSeen&) const = default;
};

// What is known of the time of a run; time_line.h fills it.
struct When {
  enum class Kind {
    kClock,    // the clock and the time zone are known, and nothing contradicts them
    kNoZone,   // the PC's clock shows local time of a zone that is not known
    kWrong,    // the clock must be wrong: `why` says why
    kNothing,  // the log has no time
  };
  Kind kind = Kind::kNothing;
  std::optional<Time> best;              // what is taken for ordering
  std::optional<Time> earliest, latest;  // with kWrong: what the runs around it tell
  std::string why;
};

struct Run {
  std::string id, previous, tool, command, verdict;  // verdict: empty where no Windows was found
  bool dry_run = false;
  bool finished = false;
  int64_t exit_status = 0;
  std::string customer, incident, image_id, stick_id, mode;
  std::string vendor, model, serial, uuid;  // of the machine that `mend` ran on
  std::vector<ManifestSeen> manifests;
  std::vector<DiskSeen> disks;
  std::vector<VolumeSeen> volumes;
  std::string stopped;           // what ended the run early
  std::string taken_up;          // the journal's name, of a repair that was undone or finished
  std::string taken_up_outcome;  // what came of it: committed, undone, rolled-back, …
  std::string refused;           // why it could not be taken up

  std::optional<Time> clock, image_built;  // the system's clock at the first record
  std::string hardware_raw, boot_id;
  uint64_t since_boot_ns = 0, duration_ns = 0;
  When when;

  std::string path, log;  // of the file, and its name
  audit::Chain chain = audit::Chain::kCutShort;
  std::string cut_why;      // with kCutShort
  std::string last_sha256;  // of the last good line: the closing hash of a whole log
  size_t records = 0;

  // On the stick `mend` runs on the machine that it repairs, with that machine's clock.
  bool on_stick() const { return !stick_id.empty() || !image_id.empty(); }
};

// Takes one record more. What no record of a log can be (a run's id that changes) is kCorrupt
// "report.run.id".
void take(Run& run, const nlohmann::ordered_json& record);

}  // namespace mend::report
