// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/history.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "audit/reader.h"
#include "base/error.h"
#include "repair/fixed_before.h"

namespace mend::console {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Serials = std::map<std::string, std::string>;  // disk's path → serial number

std::string text_of(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// What a volume is known by across boots; empty when there is nothing.
std::string key_of(const std::string& partition_guid, const std::string& disk_serial, uint64_t partition) {
  if (!partition_guid.empty()) return partition_guid;
  return disk_serial.empty() ? "" : disk_serial + "/" + std::to_string(partition);
}

std::set<std::string> keys_of(const repair::Report& report) {
  Serials serials;
  for (const repair::DiskReport& disk : report.disks) serials[disk.path] = disk.serial;
  std::set<std::string> keys;
  for (const repair::VolumeReport& volume : report.volumes) {
    const std::string guid = volume.partition_guid ? volume.partition_guid->to_string() : "";
    if (std::string key = key_of(guid, serials[volume.disk], volume.partition); !key.empty())
      keys.insert(std::move(key));
  }
  return keys;
}

// One earlier run, read record by record.
class Run {
 public:
  explicit Run(const repair::Report& report) : report_(report), wanted_(keys_of(report)) {
    for (const repair::ManifestReport& manifest : report.manifests) manifests_.insert(manifest.id);
  }

  void take(const Json& record) {
    const std::string action = text_of(record, "event.action");
    if (action == "run-started") {
      take_manifests(record);
    } else if (action == "disk-found") {
      serials_[text_of(record, "mendstick.disk.path")] = text_of(record, "mendstick.disk.serial");
    } else if (action == "commit-started") {
      begun_ = fs::path(text_of(record, "mendstick.journal")).filename().string();
    } else if (action == "commit-finished") {
      begun_.clear();
      if (text_of(record, "event.outcome") != "success") return;
      const auto partition = record.find("mendstick.volume.partition");
      const std::string key = key_of(
          text_of(record, "mendstick.volume.guid"), serials_[text_of(record, "mendstick.volume.disk")],
          partition != record.end() && partition->is_number_unsigned() ? partition->get<uint64_t>() : 0);
      if (wanted_.count(key) != 0) fixed_at_ = parse_iso8601(text_of(record, "@timestamp"));
    }
  }
  // `directory` holds the journals.
  std::optional<Time> fixed_at(const std::string& directory) const {
    if (!same_manifest_) return std::nullopt;
    const auto committed =
        begun_.empty() ? std::nullopt : repair::committed_by(directory + "/" + begun_, report_);
    return committed ? committed : fixed_at_;
  }

 private:
  void take_manifests(const Json& record) {
    const auto list = record.find("mendstick.manifests");
    if (list == record.end() || !list->is_array()) return;
    for (const Json& manifest : *list)
      same_manifest_ |= manifest.is_object() && manifests_.count(text_of(manifest, "id")) != 0;
  }

  const repair::Report& report_;
  std::set<std::string> wanted_, manifests_;
  Serials serials_;
  bool same_manifest_ = false;
  std::string begun_;  // the journal of a commit whose end is not told
  std::optional<Time> fixed_at_;
};

std::optional<Time> fixed_in(const std::string& path, const repair::Report& report) {
  Run run(report);
  try {
    const auto result = audit::read_log(path, [&](const Json& record) { run.take(record); });
    if (result.chain == audit::Chain::kChanged) return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
  return run.fixed_at(fs::path(path).parent_path().string());
}

}  // namespace

std::optional<EarlierFix> earlier_fix(const std::string& directory, const repair::Report& report) {
  std::optional<EarlierFix> latest;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() != ".jsonl" || path == report.log) continue;
    const auto when = fixed_in(path, report);
    if (when && (!latest || *when > latest->when)) latest = EarlierFix{*when, path};
  }
  const auto marked = repair::fixed_before(directory, report);
  if (marked && (!latest || *marked > latest->when)) latest = EarlierFix{*marked, ""};
  return latest;
}

}  // namespace mend::console
