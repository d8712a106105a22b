// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/report.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "repair/version.h"

namespace mend::repair {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}
Json guid_or_null(const std::optional<Guid>& guid) {
  return guid ? Json(guid->to_string()) : Json(nullptr);
}

Json to_json(const ActionReport& action) {
  return {{"rule", action.rule},
          {"action", action.action},
          {"path", action.path},
          {"new_path", text_or_null(action.new_path)},
          {"size_bytes", action.size_bytes},
          {"modified", to_iso8601(action.modified)},
          {"created", to_iso8601(action.created)},
          {"sha256", text_or_null(action.sha256)},
          {"outcome", action.outcome},
          {"other_links", action.other_links},
          {"note", text_or_null(action.note)}};
}

Json to_json(const EncryptionReport& encryption) {
  return {{"method", encryption.method},
          {"description", encryption.description},
          {"protector_id", text_or_null(encryption.protector_id)},
          {"protector_type", text_or_null(encryption.protector_type)},
          {"protectors", encryption.protectors}};
}

Json to_json(const WindowsReport& windows) {
  return {{"host", text_or_null(windows.host)},
          {"product", text_or_null(windows.product)},
          {"build", text_or_null(windows.build)},
          {"directory", windows.directory},
          {"time_zone", text_or_null(windows.time_zone)},
          {"bias_minutes", windows.bias_minutes ? Json(*windows.bias_minutes) : Json(nullptr)},
          {"warnings", windows.warnings}};
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFixed:
      return "fixed";
    case Verdict::kWouldFix:
      return "would-fix";
    case Verdict::kNotAffected:
      return "not-affected";
    case Verdict::kLocked:
      return "locked";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kUnsafe:
      return "unsafe";
    case Verdict::kUnsupported:
      return "unsupported";
    case Verdict::kDamaged:
      return "damaged";
    case Verdict::kFailed:
      return "failed";
  }
  return "failed";
}

Verdict verdict_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kCorrupt:
      return Verdict::kDamaged;
    case ErrorCode::kUnsupported:
      return Verdict::kUnsupported;
    case ErrorCode::kWrongKey:
      return Verdict::kLocked;
    case ErrorCode::kRefused:
      return Verdict::kRefused;
    case ErrorCode::kUsage:
    case ErrorCode::kNotFound:
    case ErrorCode::kIo:
    case ErrorCode::kConflict:
      return Verdict::kFailed;
  }
  return Verdict::kFailed;
}

void conclude(Report& report) {
  // From bad to worse: the machine's verdict is the worst of its Windows volumes, or of those whose role is
  // unknown.
  constexpr std::array kOrder = {Verdict::kNotAffected, Verdict::kWouldFix,    Verdict::kFixed,
                                 Verdict::kLocked,      Verdict::kUnsupported, Verdict::kRefused,
                                 Verdict::kUnsafe,      Verdict::kDamaged,     Verdict::kFailed};
  const auto rank = [&](Verdict v) { return std::find(kOrder.begin(), kOrder.end(), v) - kOrder.begin(); };
  bool device_error = false;
  report.verdict.reset();
  for (const VolumeReport& volume : report.volumes) {
    device_error |= volume.device_error;
    if (!volume.verdict || volume.mode == "data") continue;
    if (!report.verdict || rank(*volume.verdict) > rank(*report.verdict)) report.verdict = volume.verdict;
  }
  if (report.stuck_journal) {
    report.exit_status = 5;
  } else if (device_error) {
    report.exit_status = 4;
  } else if (!report.verdict) {
    report.exit_status = 3;
  } else {
    report.exit_status = rank(*report.verdict) > rank(Verdict::kFixed) ? 1 : 0;
  }
}

Json to_json(const VolumeReport& volume) {
  Json json{{"disk", volume.disk},
            {"partition", volume.partition},
            {"partition_guid", guid_or_null(volume.partition_guid)},
            {"offset_bytes", volume.offset},
            {"size_bytes", volume.size_bytes},
            {"encryption", volume.encryption ? to_json(*volume.encryption) : Json(nullptr)},
            {"filesystem", text_or_null(volume.filesystem)},
            {"windows", volume.windows.empty() ? Json(nullptr) : to_json(volume.windows.front())}};
  Json installations = Json::array();
  for (const WindowsReport& windows : volume.windows) installations.push_back(to_json(windows));
  json["installations"] = std::move(installations);
  json["role"] = volume.mode;
  json["state"] = text_or_null(volume.state);
  if (volume.replay) {
    json["replay"] = {{"records", volume.replay->read},
                      {"redone", volume.replay->redone},
                      {"undone", volume.replay->undone}};
  }
  if (volume.verdict) json["verdict"] = to_string(*volume.verdict);
  json["reason"] = text_or_null(volume.reason);
  json["caution"] = text_or_null(volume.caution);
  Json actions = Json::array();
  for (const ActionReport& action : volume.actions) actions.push_back(to_json(action));
  json["actions"] = std::move(actions);
  Json idle = Json::array();
  for (const IdleRule& rule : volume.idle_rules)
    idle.push_back({{"rule", rule.rule}, {"reason", rule.reason}});
  json["idle_rules"] = std::move(idle);
  json["blemishes"] = volume.blemishes;
  json["blocks_changed"] = volume.blocks_changed;
  json["bytes_read"] = volume.bytes_read;
  json["bytes_written"] = volume.bytes_written;
  json["journal"] = text_or_null(volume.journal);
  return json;
}

Json to_json(const DiskReport& disk) {
  return {{"path", disk.path},
          {"vendor", text_or_null(disk.vendor)},
          {"model", text_or_null(disk.model)},
          {"serial", text_or_null(disk.serial)},
          {"wwn", text_or_null(disk.wwn)},
          {"guid", guid_or_null(disk.guid)},
          {"size_bytes", disk.size_bytes},
          {"sector_bytes", disk.sector_bytes},
          {"table", disk.table},
          {"unsupported", text_or_null(disk.unsupported)}};
}

Json to_json(const Report& report) {
  Json json{{"tool", kToolName},
            {"run_id", report.run_id},
            {"started", to_iso8601(report.started)},
            {"finished", to_iso8601(report.finished)},
            {"dry_run", report.dry_run},
            {"verdict", report.verdict ? Json(to_string(*report.verdict)) : Json(nullptr)}};
  Json manifests = Json::array();
  for (const ManifestReport& manifest : report.manifests) {
    manifests.push_back({{"id", manifest.id},
                         {"version", manifest.version},
                         {"sha256", manifest.sha256},
                         {"signer", text_or_null(manifest.signer)}});
  }
  json["manifests"] = std::move(manifests);
  Json disks = Json::array();
  for (const DiskReport& disk : report.disks) disks.push_back(to_json(disk));
  json["disks"] = std::move(disks);
  Json volumes = Json::array();
  for (const VolumeReport& volume : report.volumes) volumes.push_back(to_json(volume));
  json["volumes"] = std::move(volumes);
  json["notes"] = report.notes;
  json["log"] = text_or_null(report.log);
  json["log_sha256"] = text_or_null(report.closing_sha256);
  json["log_receipt"] = text_or_null(report.receipt);
  json["exit_status"] = report.exit_status;
  return json;
}

}  // namespace mend::repair
