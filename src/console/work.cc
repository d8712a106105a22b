// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/work.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "console/show.h"
#include "console/texts.h"
#include "console/wanted_keys.h"
#include "repair/machine.h"
#include "repair/run.h"
#include "repair/undo.h"

namespace mend::console {
namespace {

constexpr const char* kWantedKeys = "wanted-keys.csv";
constexpr uint64_t kMostLogBytes = uint64_t{64} << 20;

// The last event of a run that has a report.
Runner::Event verdict(Ending ending, repair::Report report, bool scanned) {
  std::string receipt = receipt_for_camera(report, repair::read_machine().serial, ending.word);
  return [ending = std::move(ending), report = std::move(report), receipt = std::move(receipt),
          scanned](Dialog& dialog) { dialog.run_ended(ending, report, receipt, scanned); };
}

// An error that ended the run before it had written to a disk; later trouble is in its report.
Runner::Event failed(const std::string& what, Ending ending) {
  return [what, ending = std::move(ending)](Dialog& dialog) {
    dialog.tell(what, screen::Style::kBad);
    dialog.run_ended(ending, std::nullopt, "", false);
  };
}

template <typename Work>
Runner::Event guarded(Work work) {
  try {
    return work();
  } catch (const Error& error) {
    return failed(error.what(), ending_of(error));
  } catch (const std::exception& error) {
    return failed(error.what(), {texts::kNeedsYou, screen::Style::kBad, {texts::kInternal}});
  }
}

void note_wanted(const Session& session, const repair::Report& report, Runner& runner) {
  try {
    const std::string path = session.stick + "/" + kWantedKeys;
    if (note_wanted_keys(path, report, repair::read_machine().serial, now()) != 0)
      runner.tell(texts::kWantedNoted);
  } catch (const Error& error) {
    runner.tell(error.what());
  }
}

}  // namespace

std::string receipt_for_camera(const repair::Report& report, const std::string& serial,
                               const std::string& word) {
  if (report.closing_sha256.empty()) return {};
  std::string host, manifests;
  for (const repair::VolumeReport& volume : report.volumes) {
    if (host.empty() && !volume.windows.empty()) host = volume.windows.front().host;
  }
  for (const repair::ManifestReport& manifest : report.manifests)
    manifests += fmt::format("{}{}.{}", manifests.empty() ? "" : "+", manifest.id, manifest.version);
  return upper(fmt::format("MENDSTICK S:{} H:{} V:{} R:{} M:{} T:{} C:{}", serial, host, word, report.run_id,
                           manifests, to_iso8601(report.finished).substr(0, 19) + "Z",
                           report.closing_sha256));
}

std::vector<std::string> read_log_for_people(const std::string& path) {
  std::vector<std::string> lines;
  try {
    const ByteVector bytes = read_file(path, kMostLogBytes);
    std::string_view text = as_text(bytes);
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      const auto record = nlohmann::json::parse(line, nullptr, false);
      if (!record.is_object()) {
        lines.push_back(printable(line));
        continue;
      }
      const auto value = [&](const char* name) {
        const auto found = record.find(name);
        return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
      };
      std::string shown = value("@timestamp").substr(0, 19) + "  " + value("event.action");
      for (const char* name : {"event.outcome", "message"}) {
        if (const std::string more = value(name); !more.empty()) shown += "  " + more;
      }
      lines.push_back(printable(shown));
    }
  } catch (const Error& error) {
    lines.emplace_back(error.what());
  }
  return lines;
}

Runner::Event repair_now(Session& session, Runner& runner) {
  return guarded([&] {
    repair::Report report = repair::repair(session.request, runner);
    note_wanted(session, report, runner);
    for (const std::string& disk : session.external_disks) runner.tell(fmt::format(texts::kLeftAlone, disk));
    Ending ending = ending_of(report, session.request.audit_directory, session.profile.contact);
    return verdict(std::move(ending), std::move(report), false);
  });
}

Runner::Event look_only(Session& session, Runner& runner) {
  return guarded([&] {
    repair::Request& request = session.request;
    const std::vector<std::string> built_in = request.disks;
    request.disks.insert(request.disks.end(), session.external_disks.begin(), session.external_disks.end());
    repair::Report report = repair::scan(request, runner);
    request.disks = built_in;
    return verdict(ending_of_scan(), std::move(report), true);
  });
}

Runner::Event undo_now(Session& session, const std::vector<std::string>& journals, Runner& runner) {
  return guarded([&] {
    repair::Report whole;
    for (const std::string& journal : journals) {
      repair::Report report;
      try {
        report = repair::undo(journal, session.request, runner);
      } catch (const Error& error) {  // the other volumes are another matter
        report.exit_status = 1;
        report.notes.emplace_back(error.what());
      }
      report.exit_status = std::max(report.exit_status, whole.exit_status);
      report.notes.insert(report.notes.begin(), whole.notes.begin(), whole.notes.end());
      report.volumes.insert(report.volumes.begin(), whole.volumes.begin(), whole.volumes.end());
      if (report.log.empty()) report.log = whole.log, report.closing_sha256 = whole.closing_sha256;
      whole = std::move(report);
    }
    Ending ending = ending_of_undo(whole, session.profile.contact);
    return verdict(std::move(ending), std::move(whole), false);
  });
}

}  // namespace mend::console
