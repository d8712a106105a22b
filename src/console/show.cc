// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace mend::console {

std::string in_units(uint64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string name_of(const repair::VolumeReport& volume) {
  return volume.partition == 0 ? volume.disk
                               : fmt::format("partition {} of {}", volume.partition, volume.disk);
}

namespace {

std::string describe(const repair::VolumeReport& volume) {
  std::string text = fmt::format("{}, {}", name_of(volume), in_units(volume.size_bytes));
  if (!volume.filesystem.empty()) text += ", " + volume.filesystem;
  if (volume.encryption) text += ", BitLocker " + volume.encryption->method;
  text += "\n";
  if (volume.encryption) {
    if (!volume.encryption->description.empty())
      text += fmt::format("    calls itself: {}\n", volume.encryption->description);
    for (const std::string& protector : volume.encryption->protectors)
      text += fmt::format("    protector: {}\n", protector);
    if (!volume.encryption->protector_id.empty()) {
      text += fmt::format("    opened by: {} {}\n", volume.encryption->protector_type,
                          volume.encryption->protector_id);
    }
  }
  for (const repair::WindowsReport& windows : volume.windows) {
    text +=
        fmt::format("    {} ({}) in \\{}, host {}\n", windows.product.empty() ? "Windows" : windows.product,
                    windows.build.empty() ? "build not known" : "build " + windows.build, windows.directory,
                    windows.host.empty() ? "not known" : windows.host);
    for (const std::string& warning : windows.warnings) text += fmt::format("    note: {}\n", warning);
  }
  if (volume.replay) {
    text += fmt::format("    its log was replayed: {} records read, {} redone, {} undone\n",
                        volume.replay->read, volume.replay->redone, volume.replay->undone);
  }
  return text;
}

std::string show_actions(const repair::VolumeReport& volume) {
  std::string text;
  for (const repair::ActionReport& action : volume.actions) {
    text += fmt::format("    {}: {}\n      {}\n", action.outcome, action.action, action.path);
    if (!action.new_path.empty()) text += fmt::format("      to {}\n", action.new_path);
    text += fmt::format("      {} bytes, modified {}\n", action.size_bytes, to_iso8601(action.modified));
    if (!action.note.empty()) text += fmt::format("      {}\n", action.note);
    for (const std::string& link : action.other_links)
      text += fmt::format("      another name of it stays: {}\n", link);
  }
  for (const repair::IdleRule& rule : volume.idle_rules)
    text += fmt::format("    rule {}: {}\n", rule.rule, rule.reason);
  for (const std::string& blemish : volume.blemishes) text += fmt::format("    was so before: {}\n", blemish);
  return text;
}

}  // namespace

std::string headline(const repair::Report& report) {
  if (report.stuck_journal) return "INTERRUPTED WORK CANNOT BE RESUMED: nothing was written";
  if (!report.verdict) return report.exit_status == 3 ? "NO WINDOWS VOLUME FOUND" : "";
  return upper(repair::to_string(*report.verdict));
}

std::string show_volume(const repair::VolumeReport& volume) {
  std::string text = describe(volume);
  if (!volume.caution.empty()) text += fmt::format("    CAUTION: {}\n", volume.caution);
  text += show_actions(volume);
  if (volume.verdict) text += fmt::format("    {}", upper(repair::to_string(*volume.verdict)));
  return text + (volume.reason.empty() ? "\n" : fmt::format(": {}\n", volume.reason));
}

std::string show_repair(const repair::Report& report) {
  std::string text;
  for (const std::string& note : report.notes) text += note + "\n";
  for (const repair::VolumeReport& volume : report.volumes) {
    text += show_volume(volume);
    if (!volume.journal.empty())
      text += fmt::format("    undo with: mend undo {} --disk {}\n", volume.journal, volume.disk);
  }
  if (const std::string line = headline(report); !line.empty()) text += fmt::format("{}\n", line);
  if (!report.log.empty())
    text += fmt::format("log: {}\nclosing SHA-256: {}\nreceipt: {}\n", report.log, report.closing_sha256,
                        report.receipt);
  return text;
}

std::string show_scan(const repair::Report& report) {
  std::string text;
  for (const repair::DiskReport& disk : report.disks) {
    text += disk.path + ": ";
    for (const std::string& part : {disk.vendor, disk.model, disk.serial}) {
      if (!part.empty()) text += printable(part) + ", ";
    }
    text += fmt::format("{}, table {}\n", in_units(disk.size_bytes), disk.table);
    for (const repair::VolumeReport& volume : report.volumes) {
      if (volume.disk != disk.path) continue;
      text += "  " + describe(volume);
      if (!volume.state.empty()) text += fmt::format("    {}\n", volume.state);
      if (volume.verdict)
        text += fmt::format("    {}: {}\n", upper(repair::to_string(*volume.verdict)), volume.reason);
    }
  }
  if (report.exit_status == 3) text += "NO WINDOWS VOLUME FOUND\n";
  return text;
}

std::string show_check(const repair::CheckResult& result) {
  std::string text;
  for (const repair::CheckedVolume& volume : result.volumes) {
    text += describe(volume.report);
    if (!volume.check) {
      text += fmt::format("    not checked: {}\n", volume.report.reason);
      continue;
    }
    for (const ntfs::Finding& finding : volume.check->findings) {
      const std::string where = finding.path.empty() ? "" : fmt::format(" ({})", finding.path);
      text += fmt::format("    {}: {}{}\n", ntfs::to_string(finding.kind), printable(finding.what), where);
    }
    if (volume.check->more_findings != 0)
      text += fmt::format("    and {} more\n", volume.check->more_findings);
    text += fmt::format("    {} files, {} folders: {}\n", volume.check->files, volume.check->directories,
                        volume.check->clean() ? "sound" : "NOT SOUND");
  }
  if (result.exit_status == 3) text += "no NTFS volume found\n";
  return text;
}

}  // namespace mend::console
