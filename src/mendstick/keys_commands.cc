// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/keys_commands.h"

#include <fmt/format.h>

#include <set>

#include "base/file.h"
#include "base/text.h"
#include "keys/keys.h"
#include "keys/table.h"

namespace mend::mendstick {
namespace {

struct Gathered {
  bitlocker::Credentials credentials;
  std::vector<keys::StartupKeyFile> startup_files;
  keys::ImportReport report;
};

Gathered gather(const KeysOptions& options) {
  Gathered gathered;
  gathered.report = keys::load(options.files, gathered.credentials, &gathered.startup_files);
  return gathered;
}

std::string count(size_t number, const char* one, const char* many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

// Whether there was nothing to complain of.
bool show(const Gathered& gathered, Terminal& terminal) {
  const keys::ImportReport& report = gathered.report;
  for (const keys::Problem& problem : report.problems) terminal.note(problem.text());
  if (report.problems_left_out != 0)
    terminal.note(fmt::format("{} more lines like these", report.problems_left_out));
  std::set<std::string> hosts;
  for (const bitlocker::RecoveryCandidate& candidate : gathered.credentials.recovery)
    hosts.insert(candidate.host);
  hosts.erase("");
  fmt::print("{}, {} for {}; {} left out\n",
             count(gathered.credentials.recovery.size(), "recovery key", "recovery keys"),
             count(gathered.credentials.startup_keys.size(), "startup key", "startup keys"),
             count(hosts.size(), "host", "hosts"), count(report.duplicates, "duplicate", "duplicates"));
  return report.problems.empty();
}

}  // namespace

int run_keys_check(const KeysOptions& options, Terminal& terminal) {
  return show(gather(options), terminal) ? 0 : 1;
}

int run_keys_import(const KeysOptions& options, Terminal& terminal) {
  const Gathered gathered = gather(options);
  write_secret_file(options.output + "/" + keys::kTableName, keys::write_table(gathered.credentials).bytes());
  for (const keys::StartupKeyFile& file : gathered.startup_files)
    write_secret_file(options.output + "/" + file.name, file.content.bytes());
  return show(gathered, terminal) ? 0 : 1;
}

}  // namespace mend::mendstick
