// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/log_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/text.h"

namespace mend::report {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLogSuffix = ".jsonl";
constexpr std::string_view kSealedSuffix = ".sealed";

bool is_log_name(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(kLogSuffix) || name.ends_with(kSealedSuffix);
}

// One file's outcome.
struct Outcome {
  Run run;
  std::optional<Finding> finding;
};

Finding cut_short(const std::string& path, const audit::ReadResult& read) {
  Finding finding{Finding::Kind::kCutShort, path, 0, read.why, read.records == 0};
  if (read.records == 0) {
    finding.why = "it has no complete record: " + read.why;
  } else {
    finding.why =
        fmt::format("after {} good {}: {}", read.records, read.records == 1 ? "record" : "records", read.why);
  }
  return finding;
}

Finding changed(const std::string& path, const audit::ReadResult& read) {
  if (read.records == 0 && read.changed_line == 1)
    return {Finding::Kind::kForeign, path, 1, "no log of mend: in line 1, " + read.why, true};
  return {Finding::Kind::kChanged, path, read.changed_line,
          fmt::format("at line {}: {}", read.changed_line, read.why), true};
}

Outcome read_one(const std::string& path) {
  Outcome outcome;
  outcome.run.path = path;
  outcome.finding = look_at_file(path);
  if (outcome.finding) return outcome;
  Run& run = outcome.run;
  run.log = fs::path(path).filename().string();
  try {
    const audit::ReadResult read =
        audit::read_log(path, [&](const nlohmann::ordered_json& record) { take(run, record); });
    run.chain = read.chain;
    run.last_sha256 = to_hex(read.last);
    run.cut_why = read.why;
    if (read.chain == audit::Chain::kChanged) outcome.finding = changed(path, read);
    if (read.chain == audit::Chain::kCutShort) outcome.finding = cut_short(path, read);
  } catch (const Error& error) {
    const Finding::Kind kind = std::string_view(error.id()) == "audit.read.sealed" ? Finding::Kind::kSealed
                               : error.code() == ErrorCode::kCorrupt               ? Finding::Kind::kForeign
                                                                     : Finding::Kind::kUnreadable;
    outcome.finding = Finding{kind, path, 0, error.what(), true};
  } catch (const std::exception&) {  // out of memory, or what JSON can be made of that nobody thought of
    outcome.finding = Finding{Finding::Kind::kUnreadable, path, 0, "it cannot be read", true};
  }
  return outcome;
}

// Whether one is the other's beginning, or the same: copies of one log, one of them perhaps cut short.
bool agree(const Run& a, const Run& b) {
  if (a.records == b.records) return a.last_sha256 == b.last_sha256;
  const Run& shorter = a.records < b.records ? a : b;
  const Run& longer = a.records < b.records ? b : a;
  if (shorter.chain == audit::Chain::kWhole) return false;  // something stands after its end
  std::ifstream one(shorter.path, std::ios::binary), other(longer.path, std::ios::binary);
  std::string line, same;
  for (size_t i = 0; i < shorter.records; ++i) {
    if (!std::getline(one, line) || !std::getline(other, same) || line != same) return false;
  }
  return true;
}

// Of the logs of one run: the longest, or none where they contradict each other (LF-3).
void settle(std::vector<Run> same, Logs& logs) {
  auto best = std::max_element(same.begin(), same.end(),
                               [](const Run& a, const Run& b) { return a.records < b.records; });
  const bool all_agree =
      std::all_of(same.begin(), same.end(), [&](const Run& log) { return agree(*best, log); });
  if (all_agree) {
    logs.duplicates += same.size() - 1;
    logs.runs.push_back(std::move(*best));
    return;
  }
  for (const Run& log : same) {
    logs.findings.push_back({Finding::Kind::kSameRun, log.path, 0,
                             fmt::format("{} logs claim the run {} and contradict each other: compare them "
                                         "with the receipt (`mendstick audit verify --receipt`)",
                                         same.size(), printable(log.id)),
                             true});
  }
}

}  // namespace

std::string_view to_string(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::kCutShort:
      return "cut short";
    case Finding::Kind::kChanged:
      return "changed";
    case Finding::Kind::kForeign:
      return "not a log";
    case Finding::Kind::kTooLarge:
      return "too large";
    case Finding::Kind::kUnreadable:
      return "unreadable";
    case Finding::Kind::kSealed:
      return "sealed";
    case Finding::Kind::kSameRun:
      return "one run twice";
  }
  return "unknown";
}

std::optional<Finding> look_at_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return Finding{Finding::Kind::kUnreadable, path, 0, "it is not there, or its folder cannot be read",
                   true};
  if (!S_ISREG(status.st_mode))
    return Finding{Finding::Kind::kForeign, path, 0, "no log of mend: it is no file", true};
  if (static_cast<uint64_t>(status.st_size) > kMaximumLogBytes) {
    return Finding{Finding::Kind::kTooLarge, path, 0,
                   fmt::format("{} MB; a log has some kilobytes, and none has more than {} MB",
                               status.st_size / 1000000, kMaximumLogBytes / 1000000),
                   true};
  }
  std::ifstream file(path, std::ios::binary);
  std::string head(4, '\0');
  file.read(head.data(), 4);
  head.resize(static_cast<size_t>(file.gcount()));
  if (!file && !file.eof()) return Finding{Finding::Kind::kUnreadable, path, 0, "it cannot be read", true};
  if (path.ends_with(kSealedSuffix)) {
    return Finding{Finding::Kind::kSealed, path, 0,
                   "it is sealed: open it with `mendstick audit open` and give what comes of it", true};
  }
  const std::string_view start = head;
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff") || start.starts_with("\xef\xbb\xbf") ||
      (start.size() >= 2 && start[0] == '{' && start[1] == '\0')) {
    return Finding{
        Finding::Kind::kForeign, path, 0,
        "in a foreign encoding: another program has saved it anew. Take the original off the stick", true};
  }
  return std::nullopt;
}

std::vector<std::string> find_logs(const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::exists(path, error)) {
      throw Error(ErrorCode::kNotFound, "report.logs.missing",
                  "'" + printable(path) + "' is not there; name logs, or folders of logs");
    }
    if (!fs::is_directory(path, error)) {
      found.push_back(path);
      continue;
    }
    const size_t first = found.size();
    const auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator entry(path, options, error), end; !error && entry != end;
         entry.increment(error)) {
      if (is_log_name(entry->path())) found.push_back(entry->path().string());
    }
    std::sort(found.begin() + static_cast<std::ptrdiff_t>(first), found.end());
  }
  std::set<std::string> seen;
  std::erase_if(found, [&](const std::string& path) { return !seen.insert(path).second; });
  return found;
}

Logs read_logs(const std::vector<std::string>& files) {
  std::vector<Outcome> outcomes(files.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < files.size(); i = next++) outcomes[i] = read_one(files[i]);
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < std::thread::hardware_concurrency() && i < files.size(); ++i)
      threads.emplace_back(work);
    work();
  }
  Logs logs;
  logs.files = files.size();
  std::map<std::string, std::vector<Run>> by_run;
  for (Outcome& outcome : outcomes) {
    if (!outcome.finding) ++logs.whole;
    if (outcome.finding) logs.findings.push_back(*outcome.finding);
    if (outcome.finding && outcome.finding->left_out) continue;
    by_run[outcome.run.id].push_back(std::move(outcome.run));
  }
  for (auto& [id, same] : by_run) settle(std::move(same), logs);
  std::sort(logs.runs.begin(), logs.runs.end(), [](const Run& a, const Run& b) { return a.path < b.path; });
  return logs;
}

}  // namespace mend::report
