// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "report/page.h"
#include "report/remedy.h"

namespace mend::report {
namespace {

using Json = nlohmann::json;

// FORMAT.md: arrays, and texts by number, since most of them come again and again.
class Writer {
 public:
  explicit Writer(const Recovery& recovery) : recovery_(recovery) {}

  std::string write() {
    Json machines = Json::array();
    for (const Machine& machine : recovery_.machines) machines.push_back(machine_row(machine));
    Json all;
    all["machines"] = std::move(machines);
    all["customers"] = customers();
    all["reasons"] = reasons();
    all["sticks"] = sticks();
    all["keys"] = keys();
    all["manifests"] = manifests();
    all["tools"] = recovery_.tools;
    all["findings"] = findings();
    all["missing"] = recovery_.missing_runs;
    all["logs"] = {recovery_.files, recovery_.whole, recovery_.duplicates};
    all["made"] = seconds(recovery_.made);
    all["only"] = recovery_.only_customers;
    all["hosts"] = recovery_.has_host_list;
    all["texts"] = std::move(texts_);
    return escape(all.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

 private:
  static Json seconds(const std::optional<Time>& time) {
    if (!time) return nullptr;
    return std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count();
  }

  size_t text(const std::string& text) {
    const auto [place, is_new] = numbers_.emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return place->second;
  }

  // '<' and '&' occur in JSON within strings only.
  static std::string escape(const std::string& json) {
    std::string out;
    out.reserve(json.size() + json.size() / 16);
    for (const char c : json) {
      if (c == '<' || c == '>' || c == '&') {
        out += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : "\\u0026";
      } else {
        out += c;
      }
    }
    return out;
  }

  Json file_row(const FileChange& file, const std::string& run_id) {
    // The name in the quarantine holds the run's id: without it, it is the same on all machines.
    std::string new_path = file.new_path;
    if (const size_t at = new_path.find(run_id); at != std::string::npos && !run_id.empty())
      new_path.replace(at, run_id.size(), "\x01");
    return {text(file.rule),     text(file.action), text(file.path),    text(new_path), file.size_bytes,
            text(file.modified), text(file.sha256), text(file.outcome), text(file.note)};
  }

  Json volume_row(const VolumeSeen& volume, const std::string& run_id) {
    Json files = Json::array(), idle = Json::array();
    for (const FileChange& file : volume.files) files.push_back(file_row(file, run_id));
    for (const Idle& rule : volume.idle) idle.push_back({text(rule.rule), text(rule.reason)});
    return {text(volume.disk),      volume.partition,        volume.guid,
            volume.size_bytes,      text(volume.filesystem), text(volume.method),
            volume.description,     volume.protector_id,     text(volume.protector_type),
            text(volume.host),      text(volume.product),    text(volume.build),
            text(volume.time_zone), text(volume.state),      text(volume.verdict),
            text(volume.reason),    std::move(files),        std::move(idle)};
  }

  Json visit_row(const Visit& visit) {
    const Run& run = recovery_.runs[visit.run];
    Json volumes = Json::array(), manifests = Json::array(), disks = Json::array();
    for (const size_t i : visit.volumes) volumes.push_back(volume_row(run.volumes[i], run.id));
    for (const ManifestSeen& manifest : run.manifests)
      manifests.push_back(text(manifest.id + " version " + std::to_string(manifest.version)));
    for (const DiskSeen& disk : run.disks)
      disks.push_back({text(disk.path), text(disk.vendor + " " + disk.model), text(disk.serial)});
    return {run.id,
            text(run.command),
            run.dry_run ? 1 : 0,
            text(visit.verdict),
            text(visit.reason),
            seconds(run.when.best),
            static_cast<int>(run.when.kind),
            seconds(run.when.earliest),
            seconds(run.when.latest),
            text(run.when.why),
            seconds(run.clock),
            text(run.hardware_raw),
            machine_time_ns(run) / 1000000000,
            text(run.stick_id),
            text(run.image_id),
            text(run.tool),
            text(run.mode),
            std::move(manifests),
            std::move(disks),
            run.log,
            run.last_sha256,
            run.chain == audit::Chain::kWhole ? 1 : 0,
            std::move(volumes)};
  }

  Json machine_row(const Machine& machine) {
    Json visits = Json::array();
    for (const Visit& visit : machine.visits) visits.push_back(visit_row(visit));
    return {static_cast<int>(machine.state),
            text(machine.verdict),
            text(machine.reason),
            machine.name,
            text(machine.customer),
            text(machine.vendor),
            text(machine.model),
            text(machine.serial),
            text(machine.uuid),
            text(machine.product),
            text(machine.build),
            machine.shares_name ? 1 : 0,
            std::move(visits)};
  }

  Json customers() {
    Json rows = Json::array();
    for (const auto& [name, counts] : recovery_.customers)
      rows.push_back(
          {text(name), counts.fixed, counts.not_affected, counts.needs_someone, counts.never_seen});
    return rows;
  }

  Json reasons() {
    Json rows = Json::array();
    for (const ReasonGroup& group : recovery_.reasons)
      rows.push_back({text(group.verdict), text(group.reason), text(group.remedy), group.machines});
    return rows;
  }

  Json sticks() {
    Json rows = Json::array();
    for (const Stick& stick : recovery_.sticks) {
      rows.push_back({text(stick.id), text(stick.customer), text(stick.image_id), stick.runs,
                      stick.machines.size(), stick.fixed, seconds(stick.first), seconds(stick.last),
                      stick.wrong_clocks});
    }
    return rows;
  }

  Json keys() {
    Json rows = Json::array();
    for (const ExposedKey& key : recovery_.keys)
      rows.push_back({key.protector_id, key.machine, text(key.volume), seconds(key.used)});
    return rows;
  }

  Json manifests() {
    Json rows = Json::array();
    for (const ManifestUse& use : recovery_.manifests)
      rows.push_back({use.manifest.id, use.manifest.version, use.manifest.sha256, use.runs});
    return rows;
  }

  Json findings() {
    Json rows = Json::array();
    for (const Finding& finding : recovery_.findings)
      rows.push_back({to_string(finding.kind), finding.log, finding.why, finding.left_out ? 1 : 0});
    return rows;
  }

  const Recovery& recovery_;
  Json texts_ = Json::array();
  std::unordered_map<std::string, size_t> numbers_;
};

}  // namespace

std::string page_data(const Recovery& recovery) {
  return Writer(recovery).write();
}

}  // namespace mend::report
