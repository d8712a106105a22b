// SPDX-License-Identifier: GPL-3.0-or-later
// What a run found and did: plain values, filled by the phases, shown by the JSON document, the log and the
// screen.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/guid.h"

namespace mend::repair {

enum class Verdict {
  kFixed,
  kWouldFix,
  kNotAffected,
  kLocked,
  kRefused,
  kUnsafe,
  kUnsupported,
  kDamaged,
  kFailed,
};
std::string_view to_string(Verdict verdict);
// What an error means for the volume it came from.
Verdict verdict_of(const Error& error);

struct ManifestReport {
  std::string id;
  int64_t version = 0;
  std::string sha256;
  std::string file;
  std::string signer;  // the id of the key that signed it; empty: nobody, or nobody asked
};

struct ActionReport {
  std::string rule;
  std::string says;      // the rule in words: what it does to which files, under which conditions
  std::string action;    // delete, rename, quarantine
  std::string path;      // relative to the volume's root, '\' between components
  std::string new_path;  // empty for delete
  uint64_t size_bytes = 0;
  Time modified{};
  Time created{};
  std::string sha256;  // empty where the content cannot be read; `note` says why
  std::string note;
  std::vector<std::string> other_links;  // names of the same file that stay
  std::string outcome;                   // planned, done, not-done
};

// A rule that did nothing on a volume, and why.
struct IdleRule {
  std::string rule;
  std::string reason;
};

struct EncryptionReport {
  std::string method;
  std::string description;
  std::string protector_id;  // that opened it; empty when none did
  std::string protector_type;
  std::vector<std::string> protectors;    // "recovery password 1234…", all of them
  std::vector<std::string> recovery_ids;  // of the recovery passwords among them
};

struct WindowsReport {
  std::string directory, host, product, build, time_zone;
  std::optional<int> bias_minutes;
  std::vector<std::string> warnings;
};

// What the replay of the volume's log came to, in records.
struct ReplayReport {
  uint64_t read = 0, redone = 0, undone = 0;
};

struct VolumeReport {
  std::string disk;
  uint32_t partition = 0;
  std::optional<Guid> partition_guid;
  uint64_t offset = 0, size_bytes = 0;
  std::optional<EncryptionReport> encryption;
  std::string filesystem;  // "ntfs", or what else was found
  std::vector<WindowsReport> windows;
  std::string state;  // log and flags in words
  std::optional<ReplayReport> replay;
  std::optional<Verdict> verdict;
  std::string reason;
  std::string caution;  // what is strange about this machine: a person who is asked sees it first (hosts.h)
  bool device_error = false;
  std::vector<ActionReport> actions;
  std::vector<IdleRule> idle_rules;
  std::vector<std::string> blemishes;  // found before, not ours
  std::string unrecorded;  // why the volume's change journal gets no record of the changes; or nothing
  uint64_t blocks_changed = 0, bytes_read = 0, bytes_written = 0;
  std::string journal;
  std::string mode = "system";  // system, data, unknown
};

struct DiskReport {
  std::string path, vendor, model, serial, wwn, table, unsupported;
  std::optional<Guid> guid;
  uint64_t size_bytes = 0;
  uint32_t sector_bytes = 0;
};

// A volume by its place.
struct VolumePlace {
  std::string disk;
  uint32_t partition = 0;
};

struct Report {
  std::string run_id;
  Time started{}, finished{};
  bool dry_run = false;
  std::optional<Verdict> verdict;  // none: no Windows volume was found
  std::vector<ManifestReport> manifests;
  std::vector<DiskReport> disks;
  std::vector<VolumeReport> volumes;
  std::vector<std::string> notes;             // interrupted work found, journals of other machines
  std::vector<VolumePlace> finished_volumes;  // whose interrupted repair was carried to its end
  bool stuck_journal = false;                 // exit status 5
  bool wrote = false;                         // a commit, a resume or an undo began to write to a disk
  std::string log, closing_sha256;
  std::string receipt;  // of the closing hash, as text (audit/receipt.h)
  int exit_status = 0;
};

// The machine's verdict and the exit status from the volumes' (DESIGN: command-line contract).
void conclude(Report& report);

nlohmann::ordered_json to_json(const VolumeReport& volume);
nlohmann::ordered_json to_json(const DiskReport& disk);
nlohmann::ordered_json to_json(const Report& report);

}  // namespace mend::repair
