// SPDX-License-Identifier: GPL-3.0-or-later
// A PC as the console's tests know it; nothing of it is real.
#pragma once

#include "console/dialog.h"

namespace mend::console::sample {

inline Heading heading() {
  Heading heading;
  heading.tool = "mend 0.1.0";
  heading.customer = "M\xC3\xBCller & S\xC3\xB6hne GmbH";
  heading.incident = "CrowdStrike Falcon channel file 291";
  heading.built = "2026-11-25";
  heading.machine.vendor = "LENOVO";
  heading.machine.model = "ThinkPad T14 Gen 4";
  heading.machine.serial = "PF0SAMPL";
  return heading;
}

inline repair::DiskReport disk() {
  repair::DiskReport disk;
  disk.path = "/dev/nvme0n1";
  disk.model = "SAMPLE SSD 980";
  disk.serial = "S000SAMPLE";
  disk.size_bytes = uint64_t{512} << 30;
  return disk;
}

inline repair::VolumeReport volume() {
  repair::VolumeReport volume;
  volume.disk = disk().path;
  volume.partition = 3;
  volume.size_bytes = uint64_t{476} << 30;
  volume.filesystem = "bitlocker";
  volume.mode = "unknown";
  repair::EncryptionReport& encryption = volume.encryption.emplace();
  encryption.method = "xts-aes-128";
  encryption.description = "PC-0147 C: 3/14/2023";
  encryption.recovery_ids = {"d34a8f19-996b-4d5e-8f2d-f204fc31a38b"};
  encryption.protectors = {"recovery password " + encryption.recovery_ids[0]};
  return volume;
}

inline repair::VolumeReport open_volume() {
  repair::VolumeReport open = volume();
  open.filesystem = "ntfs";
  open.encryption->protector_id = open.encryption->recovery_ids[0];
  open.encryption->protector_type = "recovery password";
  repair::WindowsReport& windows = open.windows.emplace_back();
  windows.directory = "Windows";
  windows.host = "PC-0147";
  windows.product = "Windows 11 Pro";
  windows.build = "22631.3880";
  return open;
}

inline repair::VolumeReport planned_volume() {
  repair::VolumeReport planned = open_volume();
  repair::ActionReport& action = planned.actions.emplace_back();
  action.rule = "channel-291";
  action.says =
      "quarantine Windows\\System32\\drivers\\CrowdStrike\\C-00000291*.sys, if it was modified before "
      "2024-07-19T05:27:00Z and its first bytes are aa aa aa aa 01 00 23 01";
  action.action = "quarantine";
  action.path = "Windows\\System32\\drivers\\CrowdStrike\\C-00000291-00000000-00000032.sys";
  action.new_path = "Mendstick.quarantine\\405ab1a8a11e71de\\C-00000291-00000000-00000032.sys";
  action.size_bytes = 41004;
  action.modified = *parse_iso8601("2024-07-19T04:09:28Z");
  action.outcome = "planned";
  planned.verdict = repair::Verdict::kWouldFix;
  return planned;
}

inline repair::Report fixed_report() {
  repair::Report report;
  report.run_id = "405ab1a8a11e71de";
  report.finished = *parse_iso8601("2026-11-26T03:01:29Z");
  report.verdict = repair::Verdict::kFixed;
  report.wrote = true;
  repair::VolumeReport& fixed = report.volumes.emplace_back(planned_volume());
  fixed.verdict = repair::Verdict::kFixed;
  fixed.actions[0].outcome = "done";
  fixed.journal = "/stick/logs/20261126T030119Z-PC-0147-405ab1a8a11e71de-nvme0n1p3.undo";
  report.log = "/stick/logs/20261126T030119Z-PC-0147-405ab1a8a11e71de.jsonl";
  report.closing_sha256 = "7031ff2ef01207a01aab5cb7a07d340f3988206d9becc4bf59630a89cf70c54e";
  report.receipt = "E0RZ-YBQG-283T-06NB";
  report.manifests.push_back({"crowdstrike-2024-07-19", 1, "", ""});
  return report;
}

inline repair::KeyQuestion question() {
  repair::KeyQuestion question;
  question.name = "partition 3 of /dev/nvme0n1";
  question.disk = disk().path;
  question.partition = 3;
  question.size_bytes = volume().size_bytes;
  question.description = "PC-0147 C: 3/14/2023";
  bitlocker::ProtectorInfo recovery;
  recovery.id = *Guid::parse("d34a8f19-996b-4d5e-8f2d-f204fc31a38b");
  recovery.type = bitlocker::ProtectorType::kRecoveryPassword;
  question.protectors.push_back(recovery);
  return question;
}

// No real key: eight groups that follow the rule.
inline constexpr std::string_view kKey = "111111222222333333444444555555666666000011000022";

}  // namespace mend::console::sample
