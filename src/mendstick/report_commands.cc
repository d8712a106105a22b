// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/report_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "image/build.h"
#include "image/output_file.h"
#include "report/collect.h"
#include "report/documents.h"
#include "report/hosts.h"
#include "report/page.h"

namespace mend::mendstick {
namespace {

constexpr size_t kMostNamed = 100;  // faults that are named on the terminal; the page names all

std::string counted(size_t number, const char* one, const char* many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

// --- collect ---

void show_file(const report::CollectedFile& file) {
  if (!file.problem.empty()) fmt::print("  {}: {}\n", printable(file.name), file.problem);
  if (!file.kept_since.empty() && !file.removed)
    fmt::print("  {} stays on the stick: {}\n", printable(file.name), printable(file.kept_since));
}

// Whether nothing needs a person.
bool show_collected(const report::Collected& collected) {
  size_t logs = 0, journals = 0, new_files = 0, wrong = 0, removed = 0;
  for (const report::CollectedFile& file : collected.files) {
    (file.kind == report::CollectedFile::Kind::kJournal ? journals : logs) += 1;
    new_files += file.is_new ? 1U : 0U;
    wrong += file.problem.empty() ? 0U : 1U;
    removed += file.removed ? 1U : 0U;
  }
  std::string line = fmt::format("{}: {}, {}: {} copied, {} there already", printable(collected.source),
                                 counted(logs, "log", "logs"), counted(journals, "journal", "journals"),
                                 new_files, collected.files.size() - new_files);
  if (wrong != 0) line += fmt::format(", {} with something wrong", wrong);
  if (removed != 0) line += fmt::format("; {} removed from the stick", removed);
  fmt::print("{}\n", line);
  for (const std::string& note : collected.notes) fmt::print("  {}\n", note);
  for (const report::CollectedFile& file : collected.files) show_file(file);
  return wrong == 0;
}

// --- report ---

Time time_of_report() {
  return image::build_time(std::getenv("SOURCE_DATE_EPOCH"));
}

// Whose a list of hosts is when it does not say so.
std::string only_customer(const ReportOptions& options, const report::Logs& logs) {
  if (options.customers.size() == 1) return options.customers.front();
  std::set<std::string> customers;
  for (const report::Run& run : logs.runs) {
    if (!run.customer.empty()) customers.insert(run.customer);
  }
  if (options.customers.empty() && customers.size() <= 1) return customers.empty() ? "" : *customers.begin();
  throw Error(ErrorCode::kUsage, "mendstick.report.hosts",
              "the logs are of several customers: say whose list it is, with --hosts CUSTOMER=FILE");
}

std::vector<report::HostList> host_lists(const ReportOptions& options, const report::Logs& logs) {
  std::vector<report::HostList> lists;
  for (const std::string& given : options.hosts) {
    const size_t equals = given.find('=');
    if (equals == std::string::npos) {
      lists.push_back({only_customer(options, logs), report::load_hosts(given)});
    } else {
      lists.push_back({given.substr(0, equals), report::load_hosts(given.substr(equals + 1))});
    }
  }
  return lists;
}

void note_findings(const report::Logs& logs, Terminal& terminal) {
  size_t named = 0;
  for (const report::Finding& finding : logs.findings) {
    if (++named > kMostNamed) {
      terminal.note(fmt::format("… and {} more; the page names all", logs.findings.size() - kMostNamed));
      return;
    }
    terminal.note(fmt::format("{}: {}{}: {}", printable(finding.log), report::to_string(finding.kind),
                              finding.left_out ? ", left out" : "", printable(finding.why)));
  }
}

void write_ecs_file(const report::Recovery& recovery, const std::string& path) {
  std::string lines;
  report::write_ecs(recovery, [&](std::string_view line) { lines += line; });
  image::write_text(path, lines).commit();
}

std::string summary_of(const report::Recovery& recovery) {
  report::Counts all;
  for (const auto& [name, counts] : recovery.customers) {
    all.fixed += counts.fixed;
    all.not_affected += counts.not_affected;
    all.needs_someone += counts.needs_someone;
    all.never_seen += counts.never_seen;
  }
  std::string text =
      fmt::format("{}: {} fixed, {} not affected, {} need someone", counted(all.all(), "machine", "machines"),
                  all.fixed, all.not_affected, all.needs_someone);
  if (recovery.has_host_list) text += fmt::format(", {} never seen", all.never_seen);
  return text + fmt::format("; {}, {} with something wrong", counted(recovery.files, "log", "logs"),
                            recovery.findings.size());
}

}  // namespace

int run_collect(const CollectOptions& options, Terminal& terminal) {
  report::CollectRequest request;
  request.folders.push_back(options.output);
  if (!options.also.empty()) request.folders.push_back(options.also);
  request.clear = options.clear;
  int status = 0;
  for (const std::string& source : options.sources) {
    request.source = source;
    try {
      if (!show_collected(report::collect(request))) status = std::max(status, 1);
    } catch (const Error& error) {
      terminal.note(fmt::format("{}: {}", printable(source), error.what()));
      const bool usage = error.code() == ErrorCode::kUsage || error.code() == ErrorCode::kNotFound;
      status = std::max(status, usage ? 2 : error.code() == ErrorCode::kIo ? 4 : 1);
    }
  }
  return status;
}

int run_report(const ReportOptions& options, Terminal& terminal) {
  if (options.page.empty() && options.csv.empty() && options.json.empty() && options.ecs.empty()) {
    throw Error(ErrorCode::kUsage, "mendstick.report.nothing",
                "say what to make: -o report.html, --csv FILE, --json FILE or --ecs FILE");
  }
  report::Logs logs = report::read_logs(report::find_logs(options.logs));
  report::RecoveryRequest request;
  request.made = time_of_report();
  request.customers = options.customers;
  if (options.customers.size() == 1) request.unnamed_customer = options.customers.front();
  request.hosts = host_lists(options, logs);
  note_findings(logs, terminal);
  const report::Recovery recovery = report::make_recovery(std::move(logs), request);
  if (!options.page.empty()) image::write_text(options.page, report::to_page(recovery)).commit();
  if (!options.csv.empty()) image::write_text(options.csv, report::to_csv(recovery)).commit();
  if (!options.json.empty()) image::write_text(options.json, report::to_json(recovery)).commit();
  if (!options.ecs.empty()) write_ecs_file(recovery, options.ecs);
  fmt::print("{}\n", summary_of(recovery));
  return recovery.findings.empty() ? 0 : 1;
}

}  // namespace mend::mendstick
