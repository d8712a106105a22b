// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/documents.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "report/remedy.h"

namespace mend::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNsPerMinute = 60e9;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}
Json time_or_null(const std::optional<Time>& time) {
  return time ? Json(to_iso8601(*time)) : Json(nullptr);
}

std::string_view to_string(When::Kind kind) {
  switch (kind) {
    case When::Kind::kClock:
      return "known";
    case When::Kind::kNoZone:
      return "zone unknown";
    case When::Kind::kWrong:
      return "clock wrong";
    case When::Kind::kNothing:
      return "unknown";
  }
  return "unknown";
}

std::string_view to_string(audit::Chain chain) {
  return chain == audit::Chain::kWhole ? "whole" : "cut short";
}

Json to_json(const When& when) {
  return {{"kind", to_string(when.kind)},
          {"best", time_or_null(when.best)},
          {"not_before", time_or_null(when.earliest)},
          {"not_after", time_or_null(when.latest)},
          {"why", text_or_null(when.why)}};
}

Json to_json(const FileChange& file) {
  return {{"rule", file.rule},
          {"action", file.action},
          {"path", file.path},
          {"new_path", text_or_null(file.new_path)},
          {"size_bytes", file.size_bytes},
          {"modified", text_or_null(file.modified)},
          {"sha256", text_or_null(file.sha256)},
          {"outcome", file.outcome},
          {"note", text_or_null(file.note)}};
}

Json to_json(const VolumeSeen& volume) {
  Json files = Json::array(), idle = Json::array();
  for (const FileChange& file : volume.files) files.push_back(to_json(file));
  for (const Idle& rule : volume.idle) idle.push_back({{"rule", rule.rule}, {"reason", rule.reason}});
  return {{"disk", volume.disk},
          {"partition", volume.partition},
          {"partition_guid", text_or_null(volume.guid)},
          {"size_bytes", volume.size_bytes},
          {"filesystem", text_or_null(volume.filesystem)},
          {"encryption", text_or_null(volume.method)},
          {"description", text_or_null(volume.description)},
          {"protector_id", text_or_null(volume.protector_id)},
          {"protector_type", text_or_null(volume.protector_type)},
          {"host", text_or_null(volume.host)},
          {"product", text_or_null(volume.product)},
          {"build", text_or_null(volume.build)},
          {"time_zone", text_or_null(volume.time_zone)},
          {"bias_minutes", volume.bias_minutes ? Json(*volume.bias_minutes) : Json(nullptr)},
          {"verdict", text_or_null(volume.verdict)},
          {"reason", text_or_null(volume.reason)},
          {"files", std::move(files)},
          {"idle_rules", std::move(idle)}};
}

Json to_json(const Visit& visit, const Run& run) {
  Json volumes = Json::array();
  for (const size_t i : visit.volumes) volumes.push_back(to_json(run.volumes[i]));
  return {{"run_id", run.id},
          {"command", run.command},
          {"dry_run", run.dry_run},
          {"verdict", visit.verdict},
          {"reason", text_or_null(visit.reason)},
          {"when", to_json(run.when)},
          {"clock", time_or_null(run.clock)},
          {"hardware_clock", text_or_null(run.hardware_raw)},
          {"minutes", static_cast<double>(machine_time_ns(run)) / kNsPerMinute},
          {"stick_id", text_or_null(run.stick_id)},
          {"image_id", text_or_null(run.image_id)},
          {"tool", run.tool},
          {"log", run.log},
          {"log_state", to_string(run.chain)},
          {"log_sha256", run.last_sha256},
          {"volumes", std::move(volumes)}};
}

Json to_json(const Machine& machine, const Recovery& recovery) {
  Json visits = Json::array();
  for (const Visit& visit : machine.visits) visits.push_back(to_json(visit, recovery.runs[visit.run]));
  return {{"name", text_or_null(machine.name)},
          {"customer", text_or_null(machine.customer)},
          {"state", to_string(machine.state)},
          {"verdict", machine.verdict},
          {"reason", text_or_null(machine.reason)},
          {"remedy", text_or_null(machine.state == State::kNeedsSomeone || machine.state == State::kNeverSeen
                                      ? remedy_for(machine.verdict)
                                      : std::string())},
          {"vendor", text_or_null(machine.vendor)},
          {"model", text_or_null(machine.model)},
          {"serial", text_or_null(machine.serial)},
          {"uuid", text_or_null(machine.uuid)},
          {"product", text_or_null(machine.product)},
          {"build", text_or_null(machine.build)},
          {"shares_name", machine.shares_name},
          {"visits", std::move(visits)}};
}

Json summary_of(const Recovery& recovery) {
  Json customers = Json::array();
  for (const auto& [name, counts] : recovery.customers) {
    customers.push_back({{"name", text_or_null(name)},
                         {"machines", counts.all()},
                         {"fixed", counts.fixed},
                         {"not_affected", counts.not_affected},
                         {"needs_someone", counts.needs_someone},
                         {"never_seen", recovery.has_host_list ? Json(counts.never_seen) : Json(nullptr)}});
  }
  return customers;
}

Json keys_of(const Recovery& recovery) {
  Json keys = Json::array();
  for (const ExposedKey& key : recovery.keys) {
    const Machine& machine = recovery.machines[key.machine];
    keys.push_back({{"protector_id", key.protector_id},
                    {"host", text_or_null(machine.name)},
                    {"customer", text_or_null(machine.customer)},
                    {"volume", key.volume},
                    {"used", time_or_null(key.used)}});
  }
  return keys;
}

Json sticks_of(const Recovery& recovery) {
  Json sticks = Json::array();
  for (const Stick& stick : recovery.sticks) {
    sticks.push_back({{"id", stick.id},
                      {"customer", text_or_null(stick.customer)},
                      {"image_id", text_or_null(stick.image_id)},
                      {"runs", stick.runs},
                      {"machines", stick.machines.size()},
                      {"first", time_or_null(stick.first)},
                      {"last", time_or_null(stick.last)},
                      {"wrong_clocks", stick.wrong_clocks}});
  }
  return sticks;
}

// RFC 4180, and DO-1.
std::string cell(std::string text) {
  constexpr std::string_view kFormula = "=+-@\t\r";
  if (!text.empty() && kFormula.find(text[0]) != std::string_view::npos) text.insert(0, 1, '\'');
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string row_of(const Machine& machine, const Recovery& recovery) {
  uint64_t time_ns = 0;
  size_t files = 0;
  std::string protectors;
  for (const Visit& visit : machine.visits) {
    const Run& run = recovery.runs[visit.run];
    time_ns += machine_time_ns(run);
    for (const size_t i : visit.volumes) {
      const VolumeSeen& volume = run.volumes[i];
      for (const FileChange& file : volume.files) files += file.outcome == "done" ? 1U : 0U;
      if (!volume.protector_id.empty() && protectors.find(volume.protector_id) == std::string::npos)
        protectors += (protectors.empty() ? "" : " ") + volume.protector_id;
    }
  }
  const Run* last = machine.visits.empty() ? nullptr : &recovery.runs[machine.visits.back().run];
  const bool open = machine.state == State::kNeedsSomeone || machine.state == State::kNeverSeen;
  const std::array cells = {
      machine.customer,
      machine.name,
      std::string(to_string(machine.state)),
      machine.verdict,
      machine.reason,
      open ? remedy_for(machine.verdict) : std::string(),
      last != nullptr && last->when.best ? to_iso8601(*last->when.best) : std::string(),
      std::string(last != nullptr ? to_string(last->when.kind) : ""),
      last != nullptr ? fmt::format("{:.1f}", static_cast<double>(time_ns) / kNsPerMinute) : std::string(),
      std::to_string(machine.visits.size()),
      std::to_string(files),
      machine.product,
      machine.build,
      machine.vendor,
      machine.model,
      machine.serial,
      machine.uuid,
      protectors,
      last != nullptr ? last->stick_id : std::string(),
      last != nullptr ? last->id : std::string(),
      last != nullptr ? last->log : std::string(),
      last != nullptr ? last->last_sha256 : std::string()};
  std::string row;
  for (const std::string& text : cells) row += (row.empty() ? "" : ",") + cell(text);
  return row + "\r\n";
}

}  // namespace

std::string to_csv(const Recovery& recovery) {
  std::string csv =
      "\xef\xbb\xbf"
      "customer,host,state,verdict,reason,remedy,last_seen,last_seen_is,minutes,visits,files_changed,windows,"
      "build,vendor,model,serial,uuid,protectors_used,stick,run,log,log_sha256\r\n";
  for (const Machine& machine : recovery.machines) csv += row_of(machine, recovery);
  return csv;
}

std::string to_json(const Recovery& recovery) {
  Json machines = Json::array(), reasons = Json::array(), manifests = Json::array(), findings = Json::array();
  for (const Machine& machine : recovery.machines) machines.push_back(to_json(machine, recovery));
  for (const ReasonGroup& group : recovery.reasons) {
    reasons.push_back({{"verdict", group.verdict},
                       {"reason", group.reason},
                       {"remedy", group.remedy},
                       {"machines", group.machines.size()}});
  }
  for (const ManifestUse& use : recovery.manifests) {
    manifests.push_back({{"id", use.manifest.id},
                         {"version", use.manifest.version},
                         {"sha256", use.manifest.sha256},
                         {"runs", use.runs}});
  }
  for (const Finding& finding : recovery.findings) {
    findings.push_back({{"log", finding.log},
                        {"what", to_string(finding.kind)},
                        {"line", finding.line != 0 ? Json(finding.line) : Json(nullptr)},
                        {"why", finding.why},
                        {"left_out", finding.left_out}});
  }
  const Json json{{"made", to_iso8601(recovery.made)},
                  {"customers", summary_of(recovery)},
                  {"median_minutes", recovery.median_minutes},
                  {"reasons", std::move(reasons)},
                  {"sticks", sticks_of(recovery)},
                  {"recovery_keys_to_rotate", keys_of(recovery)},
                  {"manifests", std::move(manifests)},
                  {"tools", recovery.tools},
                  {"logs",
                   {{"files", recovery.files},
                    {"whole", recovery.whole},
                    {"duplicates", recovery.duplicates},
                    {"findings", std::move(findings)},
                    {"missing_runs", recovery.missing_runs}}},
                  {"machines", std::move(machines)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void write_ecs(const Recovery& recovery, const std::function<void(std::string_view)>& write) {
  for (const Run& run : recovery.runs) {
    std::ifstream file(run.path, std::ios::binary);
    std::string line;
    for (size_t i = 0; i < run.records; ++i) {
      if (!std::getline(file, line)) {
        throw Error(ErrorCode::kIo, "report.ecs.read", "the log " + run.path + " changed while it was read");
      }
      write(line + "\n");
    }
  }
}

}  // namespace mend::report
