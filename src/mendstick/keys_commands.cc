// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/keys_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "keys/gather.h"
#include "keys/sheet.h"
#include "keys/table.h"
#include "report/rotation.h"

namespace mend::mendstick {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHostsShown = 20;

std::string count(size_t number, const char* one, const char* many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

keys::GatherRequest request_of(const KeysOptions& options) {
  keys::GatherRequest request;
  request.files = options.files;
  if (!options.hosts.empty()) request.hosts = keys::HostList::load(options.hosts);
  if (!options.only.empty()) request.wanted = keys::WantedList::load(options.only);
  return request;
}

void show_problems(const keys::ImportReport& report, Terminal& terminal) {
  for (const keys::Problem& problem : report.problems) terminal.note(problem.text());
  if (report.problems_left_out != 0)
    terminal.note(fmt::format("{} more lines like these", report.problems_left_out));
}

void show_hosts(const keys::Gathered& gathered, bool all) {
  size_t shown = 0;
  for (const keys::HostKeys& host : gathered.by_host) {
    if (!all && ++shown > kHostsShown) {
      fmt::print("  … and {} more; --list names them all\n", gathered.by_host.size() - kHostsShown);
      break;
    }
    fmt::print("  {}: {}{}\n", host.host, count(host.keys, "key", "keys"),
               host.newest ? ", the newest of " + to_iso8601(*host.newest).substr(0, 10) : "");
  }
  if (gathered.without_host != 0)
    fmt::print("  {} without a host's name\n", count(gathered.without_host, "key", "keys"));
}

// The exit status.
int show(const keys::Gathered& gathered, const KeysOptions& options, Terminal& terminal) {
  show_problems(gathered.report, terminal);
  fmt::print("{} of {}, {}\n", count(gathered.credentials.recovery.size(), "recovery key", "recovery keys"),
             count(gathered.by_host.size(), "host", "hosts"),
             count(gathered.credentials.startup_keys.size(), "startup key", "startup keys"));
  show_hosts(gathered, options.list);
  const size_t duplicates = gathered.report.duplicates;
  if (duplicates != 0) fmt::print("left out: {}\n", count(duplicates, "duplicate", "duplicates"));
  if (gathered.superseded != 0)
    fmt::print("left out: {} with a newer one under the same ID\n",
               count(gathered.superseded, "key", "keys"));
  if (gathered.not_wanted != 0)
    fmt::print("left out: {} not wanted\n", count(gathered.not_wanted, "key", "keys"));
  for (const std::string& host : gathered.hosts_without) fmt::print("no key of the host {}\n", host);
  for (const keys::WantedKey& key : gathered.missing) fmt::print("still missing: {}\n", key.text());
  const size_t problems = gathered.report.problems.size();
  return problems + gathered.hosts_without.size() + gathered.missing.size() == 0 ? 0 : 1;
}

// CUSTOMER_DIR/keys, made where CUSTOMER_DIR is there.
void make_folder(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return;
  if (fs::create_directory(path, error)) fs::permissions(path, fs::perms::owner_all, error);
  if (!error) return;
  throw Error(ErrorCode::kUsage, "mendstick.keys.folder",
              fmt::format("cannot make the folder {} for the keys ({}); give CUSTOMER_DIR/keys",
                          printable(path), error.message()));
}

bool holds(const std::string& path, Bytes content) {
  std::error_code error;
  if (fs::file_size(path, error) != content.size() || error) return false;
  return equal_constant_time(read_secret_file(path, content.size()).bytes(), content);
}

// A .BEK of the same name with another content is another key: it is never overwritten.
void put_startup_key(const std::string& folder, const keys::StartupKeyFile& file) {
  std::error_code error;
  const std::string path = folder + "/" + file.name;
  if (!fs::exists(path, error)) return write_secret_file(path, file.content.bytes());
  if (holds(path, file.content.bytes())) return;
  throw Error(ErrorCode::kConflict, "mendstick.keys.taken",
              fmt::format("{} is another startup key; rename one of the two files", printable(path)));
}

// Files beside the table go onto a stick as well.
void note_others(const KeysOptions& options, const keys::Gathered& gathered, Terminal& terminal) {
  std::vector<std::string> others;
  for (const fs::directory_entry& entry : fs::directory_iterator(options.output)) {
    const std::string name = entry.path().filename().string();
    const bool ours = name == keys::kTableName ||
                      std::any_of(gathered.startup_files.begin(), gathered.startup_files.end(),
                                  [&](const keys::StartupKeyFile& file) { return file.name == name; });
    if (!ours && !name.starts_with(".")) others.push_back(printable(name));
  }
  std::sort(others.begin(), others.end());
  if (!others.empty()) {
    terminal.note(fmt::format("{} also holds {}: such a file is carried as it is, beside the table",
                              printable(options.output), fmt::join(others, ", ")));
  }
}

}  // namespace

int run_keys_check(const KeysOptions& options, Terminal& terminal) {
  return show(keys::gather(request_of(options)), options, terminal);
}

int run_keys_import(const KeysOptions& options, Terminal& terminal) {
  keys::GatherRequest request = request_of(options);
  const std::string table = options.output + "/" + keys::kTableName;
  std::error_code error;
  if (fs::exists(table, error)) request.earlier = table;
  const keys::Gathered gathered = keys::gather(request);
  const int status = show(gathered, options, terminal);
  if (gathered.credentials.empty()) {
    fmt::print("nothing is written\n");
    return status;
  }
  make_folder(options.output);
  for (const keys::StartupKeyFile& file : gathered.startup_files) put_startup_key(options.output, file);
  if (!gathered.credentials.recovery.empty())
    write_secret_file(table, keys::write_table(gathered.credentials).bytes());
  fmt::print("written to {}\n", printable(options.output));
  note_others(options, gathered, terminal);
  return status;
}

int run_keys_rotate(const KeysOptions& options, Terminal& terminal) {
  if (options.logs.empty() && options.carried.empty()) {
    throw Error(
        ErrorCode::kUsage, "mendstick.keys.rotate",
        "`keys rotate` needs --log (keys that were used) or --carried (keys of a lost stick), or both");
  }
  const report::Logs logs = report::read_logs(report::find_logs(options.logs));
  for (const report::Finding& finding : logs.findings)
    terminal.note(
        fmt::format("{}: {}: {}", printable(finding.log), report::to_string(finding.kind), finding.why));
  bitlocker::Credentials carried;
  std::optional<keys::HostList> hosts;
  if (!options.hosts.empty()) hosts = keys::HostList::load(options.hosts);
  if (!options.carried.empty()) show_problems(keys::load(options.carried, carried, nullptr), terminal);
  const auto list = report::keys_to_rotate(logs.runs, carried, hosts);
  fmt::print("{}", options.commands ? report::rotation_commands(list) : report::rotation_csv(list));
  return logs.findings.empty() ? 0 : 1;
}

int run_keys_sheet(const KeysOptions& options, Terminal& terminal) {
  bitlocker::Credentials credentials;
  show_problems(keys::load(options.from, credentials, nullptr), terminal);
  keys::SheetRequest request;
  request.hosts = options.names;
  request.made = now();
  request.expires = request.made + std::chrono::hours(24) * options.days;
  const keys::Sheet sheet = keys::make_sheet(credentials, request);
  for (const std::string& host : sheet.hosts_without)
    terminal.note(fmt::format("no key of the host {}", printable(host)));
  if (sheet.keys == 0)
    throw Error(ErrorCode::kUsage, "mendstick.keys.sheet",
                "none of these hosts has a key; nothing is written");
  write_secret_file(options.output, sheet.html.bytes());
  fmt::print("{}: {}, in clear: print it, then delete it\n", printable(options.output),
             count(sheet.keys, "key", "keys"));
  return sheet.hosts_without.empty() ? 0 : 1;
}

}  // namespace mend::mendstick
