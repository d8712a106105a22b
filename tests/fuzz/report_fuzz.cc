// SPDX-License-Identifier: GPL-3.0-or-later
// Logs taken off sticks, from any bytes, read and put together to a report. An input is a few logs with a
// line
// `#` between them. Each input is looked at as it is, and with its records chained anew, so that changes get
// past the chain. No log is in the way of another (LF-1), each run is a visit (MC-3), and nothing of a log
// becomes markup (PG-1), a formula (DO-1), another record (DO-2) or a command (RO-2).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "report/documents.h"
#include "report/page.h"
#include "report/rotation.h"
#include "tests/fuzz/seeds.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/report/chained_log.h"

namespace {

using namespace mend;
using namespace mend::report;
using report::test::ChainedLog;
using report::test::Json;

constexpr size_t kMostLogs = 6;
constexpr size_t kLongestLine = 4096;  // that is chained anew

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> split(const std::string& input) {
  std::vector<std::string> logs{""};
  std::istringstream lines(input);
  for (std::string line; std::getline(lines, line);) {
    if (line == "#" && logs.size() < kMostLogs) {
      logs.emplace_back();
    } else {
      logs.back() += line + (lines.eof() ? "" : "\n");
    }
  }
  return logs;
}

// Lines that are no object of JSON stay as they are.
std::string chain_anew(const std::string& log) {
  std::string out;
  uint64_t sequence = 0;
  crypto::Sha256Digest previous{};
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    Json record = line.size() > kLongestLine ? Json() : Json::parse(line, nullptr, false);
    if (record.is_object()) {
      record["mendstick.sequence"] = sequence++;
      record["mendstick.previous_sha256"] = to_hex(previous);
      line = record.dump();
      previous = crypto::sha256(as_bytes(line));
    }
    out += line + (lines.eof() ? "" : "\n");
  }
  return out;
}

// RFC 4180; a spreadsheet takes a cell for a formula by its first character.
void check_table(std::string_view csv) {
  bool quoted = false, begins = true;
  for (size_t i = csv.starts_with("\xef\xbb\xbf") ? 3 : 0; i < csv.size(); ++i) {
    const char c = csv[i];
    if (begins && c == '"' && !quoted) {
      quoted = true;
    } else if (!quoted && (c == ',' || c == '\n')) {
      begins = true;
    } else {
      require(!begins || c == '\r' || std::string_view("=+-@\t").find(c) == std::string_view::npos);
      begins = false;
      if (quoted && c == '"') {
        if (i + 1 < csv.size() && csv[i + 1] == '"') {
          ++i;
        } else {
          quoted = false;
        }
      }
    }
  }
  require(!quoted);
}

void check_counts(const Logs& logs, size_t files) {
  const auto left_out = static_cast<size_t>(std::count_if(
      logs.findings.begin(), logs.findings.end(), [](const Finding& finding) { return finding.left_out; }));
  require(logs.files == files && logs.runs.size() + logs.duplicates + left_out == files);
  for (const Finding& finding : logs.findings) require(!finding.why.empty() && !finding.log.empty());
}

void check_visits(const Recovery& recovery) {
  std::set<size_t> visited;
  for (const Machine& machine : recovery.machines)
    for (const Visit& visit : machine.visits) visited.insert(visit.run);
  require(visited.size() == recovery.runs.size());
}

void check_records(const Recovery& recovery, const std::vector<std::string>& logs) {
  std::set<std::string> known;
  for (const std::string& log : logs) {
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) known.insert(line);
  }
  std::string written;
  write_ecs(recovery, [&](std::string_view text) { written += text; });
  std::istringstream lines(written);
  for (std::string line; std::getline(lines, line);) require(known.count(line) == 1);
}

void check_rotation(const std::vector<Run>& runs) {
  const std::vector<KeyToRotate> keys = keys_to_rotate(runs, {}, std::nullopt);
  check_table(rotation_csv(keys));
  std::istringstream lines(rotation_commands(keys));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("manage-bde")) require(line.find_first_of("&|<>^%\"'`$;()") == std::string::npos);
  }
}

Logs read(const std::vector<std::string>& logs) {
  static const mend::test::TempFolder folder;
  std::vector<std::string> files;
  for (size_t i = 0; i < logs.size(); ++i) {
    files.push_back(folder / (std::to_string(i) + ".jsonl"));
    std::filesystem::remove(files.back());  // ext4 writes out what is put into a file that was truncated
    std::ofstream(files.back(), std::ios::binary) << logs[i];
  }
  Logs found = read_logs(files);
  check_counts(found, files.size());
  return found;
}

void look_at(const std::vector<std::string>& logs) {
  RecoveryRequest request;
  request.hosts.push_back({"Acme", {"PC-1", "PC-9"}});
  request.made = *parse_iso8601("2024-07-22T08:00:00Z");
  const Recovery recovery = make_recovery(read(logs), request);
  check_visits(recovery);
  check_table(to_csv(recovery));
  require(Json::parse(to_json(recovery), nullptr, false).is_object());
  const std::string data = page_data(recovery);
  require(data.find_first_of("<>&") == std::string::npos &&
          !Json::parse(data, nullptr, false).is_discarded());
  check_records(recovery, logs);
  check_rotation(recovery.runs);
}

std::string encrypted_run() {
  ChainedLog log("run-5", "2024-07-19T10:00:00.5Z");
  log.start({{"mendstick.manifests", {{{"id", "channel-291"}, {"version", 1}, {"sha256", "ab"}}}},
             {"mendstick.image.built", "2024-07-19T08:00:00Z"},
             {"mendstick.previous_run", "run-1"},
             {"mendstick.clock.not_before", "2024-07-19T09:00:00Z"},
             {"mendstick.clock.hardware_raw", "2024-07-19T12:00:00"},
             {"mendstick.clock.since_boot_ns", 12'000'000'000},
             {"host.uuid", "U-5"}});
  Json key = ChainedLog::volume_key("/dev/sda");
  key["mendstick.volume.encryption.method"] = "xts-aes-128";
  key["mendstick.volume.encryption.description"] = "PC-5 C: 01/02/2024";
  key["mendstick.volume.encryption.protector_id"] = "12345678-1234-4abc-8def-123456789abc";
  key["mendstick.volume.encryption.protector_type"] = "recovery-password";
  log.add("volume-found", key);
  Json file = ChainedLog::volume_key("/dev/sda");
  file["rule.id"] = "channel-291", file["mendstick.action"] = "quarantine";
  file["file.path"] = "Windows\\System32\\x.sys", file["mendstick.outcome"] = "done";
  log.add("file-changed", file);
  log.add("rule-idle", {{"rule.id", "other"}, {"mendstick.reason", "=folder absent"}});
  log.add("commit-started", {{"mendstick.journal", "/logs/run-5-sdap3.undo"}});
  log.add("commit-finished", ChainedLog::volume_key("/dev/sda"));
  return log.verdict("fixed").end("fixed").text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> logs = split(std::string(data, data + size));
  look_at(logs);
  std::transform(logs.begin(), logs.end(), logs.begin(), chain_anew);
  look_at(logs);
  return 0;
}

std::vector<ByteVector> mend::test::fuzz_seeds() {
  const auto run = [](const std::string& id, const char* serial, const char* verdict,
                      const char* host = "PC-1") {
    return report::test::stick_run(id, "2024-07-19T0" + id.substr(4) + ":00:00Z", serial, host, verdict)
        .text();
  };
  const std::string undone = ChainedLog("run-6", "2024-07-19T11:00:00Z")
                                 .start({{"mendstick.command", "undo"}, {"host.serial_number", "S1"}})
                                 .add("undo-started", {{"mendstick.journal", "/logs/run-5-sdap3.undo"}})
                                 .add("undone", {{"mendstick.journal.outcome", "undone"}})
                                 .end(nullptr)
                                 .text();
  const std::string cut = run("run-7", "S7", "fixed", "=1+2").substr(0, 900);
  std::vector<ByteVector> seeds;
  const auto add = [&seeds](const std::string& text) { seeds.emplace_back(text.begin(), text.end()); };
  add(run("run-1", "S1", "fixed"));
  add(encrypted_run() + "#\n" + undone);
  add(run("run-1", "S1", "locked") + "#\n" + run("run-2", "S1", "fixed") + "#\n" +
      run("run-2", "S1", "fixed"));
  add(run("run-2", "", "fixed") + "#\n" + run("run-2", "S3", "damaged") + "#\n" + cut);
  // All of the first two is understood: a seed that is refused would explore nothing.
  for (size_t i = 0; i < 2; ++i) {
    const std::vector<std::string> logs = split(std::string(seeds[i].begin(), seeds[i].end()));
    require(read(logs).whole == logs.size());
    for (const std::string& log : logs) require(chain_anew(log) == log);
  }
  return seeds;
}
