// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/run.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace mend::report {
namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& record, std::string_view key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

uint64_t number(const Json& record, std::string_view key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

bool truth(const Json& record, std::string_view key) {
  const auto found = record.find(key);
  return found != record.end() && found->is_boolean() && found->get<bool>();
}

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

VolumeSeen& volume_of(Run& run, const Json& record) {
  const std::string disk = text(record, "mendstick.volume.disk");
  const uint64_t partition = number(record, "mendstick.volume.partition");
  for (VolumeSeen& volume : run.volumes) {
    if (volume.disk == disk && volume.partition == partition) return volume;
  }
  VolumeSeen& volume = run.volumes.emplace_back();
  volume.disk = disk;
  volume.partition = partition;
  volume.guid = text(record, "mendstick.volume.guid");
  return volume;
}

void take_start(Run& run, const Json& record) {
  run.tool = text(record, "mendstick.tool");
  run.command = text(record, "mendstick.command");
  run.dry_run = truth(record, "mendstick.policy.dry_run");
  run.customer = text(record, "organization.name");
  run.incident = text(record, "mendstick.incident");
  run.image_id = text(record, "mendstick.image.id");
  run.stick_id = text(record, "mendstick.stick.id");
  run.mode = text(record, "mendstick.mode");
  run.vendor = text(record, "host.vendor");
  run.model = text(record, "host.model");
  run.serial = text(record, "host.serial_number");
  run.uuid = text(record, "host.uuid");
  run.previous = text(record, "mendstick.run.previous");
  run.hardware_raw = text(record, "mendstick.clock.hardware_raw");
  run.boot_id = text(record, "mendstick.clock.boot_id");
  run.since_boot_ns = number(record, "mendstick.clock.since_boot_ns");
  run.image_built = parse_iso8601(text(record, "mendstick.image.built"));
  const auto manifests = record.find("mendstick.manifests");
  if (manifests == record.end() || !manifests->is_array()) return;
  for (const Json& manifest : *manifests) {
    if (!manifest.is_object()) continue;
    ManifestSeen seen{text(manifest, "id"), text(manifest, "sha256"), 0};
    if (const auto version = manifest.find("version");
        version != manifest.end() && version->is_number_integer())
      seen.version = version->get<int64_t>();
    run.manifests.push_back(std::move(seen));
  }
}

void take_disk(Run& run, const Json& record) {
  run.disks.push_back({text(record, "mendstick.disk.path"), text(record, "mendstick.disk.vendor"),
                       text(record, "mendstick.disk.model"), text(record, "mendstick.disk.serial"),
                       text(record, "mendstick.disk.guid"), number(record, "mendstick.disk.size_bytes")});
}

void take_volume(Run& run, const Json& record) {
  VolumeSeen& volume = volume_of(run, record);
  volume.size_bytes = number(record, "mendstick.volume.size_bytes");
  volume.filesystem = text(record, "mendstick.volume.filesystem");
  volume.state = text(record, "mendstick.volume.state");
  volume.method = text(record, "mendstick.volume.encryption.method");
  volume.description = text(record, "mendstick.volume.encryption.description");
  volume.protector_id = text(record, "mendstick.volume.encryption.protector_id");
  volume.protector_type = text(record, "mendstick.volume.encryption.protector_type");
}

// The first installation counts for the host's name, as it does for the log's.
void take_windows(Run& run, const Json& record) {
  VolumeSeen& volume = volume_of(run, record);
  if (!volume.product.empty() || !volume.host.empty()) return;
  volume.host = text(record, "host.name");
  volume.product = text(record, "host.os.full");
  volume.build = text(record, "host.os.version");
  volume.time_zone = text(record, "mendstick.windows.time_zone");
  const auto bias = record.find("mendstick.windows.bias_minutes");
  if (bias == record.end() || !bias->is_number_integer()) return;
  const auto minutes = bias->get<int64_t>();
  if (minutes >= -24 * 60 && minutes <= 24 * 60) volume.bias_minutes = static_cast<int>(minutes);
}

// A planned file, or what became of one that was planned.
void take_file(Run& run, const Json& record) {
  VolumeSeen& volume = volume_of(run, record);
  FileChange file;
  file.rule = text(record, "rule.id");
  file.action = text(record, "mendstick.action");
  file.path = text(record, "file.path");
  file.new_path = text(record, "mendstick.file.new_path");
  file.sha256 = text(record, "file.hash.sha256");
  file.outcome = text(record, "mendstick.outcome");
  file.note = text(record, "mendstick.file.note");
  file.modified = text(record, "file.mtime");
  file.size_bytes = number(record, "file.size");
  const auto planned = std::find_if(volume.files.begin(), volume.files.end(), [&](const FileChange& other) {
    return other.path == file.path && other.rule == file.rule && other.outcome == "planned";
  });
  if (planned != volume.files.end()) {
    *planned = std::move(file);
  } else {
    volume.files.push_back(std::move(file));
  }
}

void take_end(Run& run, const Json& record) {
  run.finished = true;
  run.verdict = text(record, "mendstick.verdict");
  const auto status = record.find("mendstick.exit_status");
  if (status != record.end() && status->is_number_integer()) run.exit_status = status->get<int64_t>();
}

void take_event(Run& run, const std::string& action, const Json& record) {
  if (action == "run-started") {
    take_start(run, record);
  } else if (action == "disk-found") {
    take_disk(run, record);
  } else if (action == "volume-found") {
    take_volume(run, record);
  } else if (action == "windows-found") {
    take_windows(run, record);
  } else if (action == "file-planned" || action == "file-changed") {
    take_file(run, record);
  } else if (action == "rule-idle") {
    volume_of(run, record).idle.push_back({text(record, "rule.id"), text(record, "mendstick.reason")});
  } else if (action == "volume-verdict") {
    VolumeSeen& volume = volume_of(run, record);
    volume.verdict = text(record, "mendstick.verdict");
    volume.reason = text(record, "mendstick.reason");
  } else if (action == "commit-started") {
    volume_of(run, record).journal = file_name(text(record, "mendstick.journal"));
  } else if (action == "undo-started" || action == "resume-started") {
    run.taken_up = file_name(text(record, "mendstick.journal"));
  } else if (action == "undone" || action == "resumed") {
    run.taken_up_outcome = text(record, "mendstick.journal.outcome");
  } else if (action == "undo-refused" || action == "resume-refused" || action == "journal-damaged") {
    run.refused = text(record, "message");
  } else if (action == "run-stopped") {
    run.stopped = text(record, "message");
  } else if (action == "run-finished") {
    take_end(run, record);
  }
}

}  // namespace

void take(Run& run, const Json& record) {
  const std::string id = text(record, "mendstick.run.id");
  if (run.records == 0) {
    run.id = id;
    run.clock = parse_iso8601(text(record, "@timestamp"));
  }
  if (id.empty() || id != run.id) {
    throw Error(ErrorCode::kCorrupt, "report.run.id",
                id.empty() ? "its records name no run: it is a log of another program"
                           : "its records are those of more than one run");
  }
  ++run.records;
  run.duration_ns = std::max(run.duration_ns, number(record, "mendstick.clock.monotonic_ns"));
  take_event(run, text(record, "event.action"), record);
}

}  // namespace mend::report
