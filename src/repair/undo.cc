// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/undo.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/reader.h"
#include "base/text.h"
#include "journal/commit.h"
#include "ntfs/path.h"
#include "repair/commit.h"
#include "repair/phases.h"

namespace mend::repair {
namespace {

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

struct Moved {
  std::string path, quarantine_path;
};

// The log of the run beside its journal: "STEM.jsonl" for "STEM-sdap3.undo".
std::vector<Moved> quarantined_by(const std::string& journal_path, const std::string& run_id,
                                  uint32_t partition) {
  const size_t end = journal_path.find(run_id);
  if (run_id.empty() || end == std::string::npos) return {};
  std::vector<Moved> moved;
  const std::string log = journal_path.substr(0, end + run_id.size()) + ".jsonl";
  const auto take = [&](const nlohmann::ordered_json& record) {
    if (record.value("event.action", "") != "file-changed" || record.value("event.outcome", "") != "success")
      return;
    if (record.value("mendstick.action", "") != "quarantine") return;
    if (record.value("mendstick.volume.partition", uint32_t{0}) != partition) return;
    moved.push_back({record.value("file.path", ""), record.value("mendstick.file.new_path", "")});
  };
  const audit::ReadResult read = audit::read_log(log, take);
  if (read.chain == audit::Chain::kChanged) {
    throw Error(ErrorCode::kCorrupt, "repair.undo.log",
                "the log " + log + " was changed at line " + std::to_string(read.changed_line) + " (" +
                    read.why + "): files are not moved back by it");
  }
  return moved;
}

// Where the journal's volume is, if it is here.
struct Found {
  const OpenDisk* disk = nullptr;
  const disk::Partition* partition = nullptr;
};

Found find_volume(const journal::Journal& journal, const std::vector<OpenDisk>& disks) {
  for (const OpenDisk& disk : disks) {
    if (const disk::Partition* partition = find_target(journal.target(), disk)) return {&disk, partition};
  }
  throw Error(ErrorCode::kNotFound, "repair.undo.target",
              "the journal belongs to " + journal::describe(journal.target()) +
                  ", which is not among the disks given");
}

bool may_be_on_disk(journal::State state) {
  return state == journal::State::kClosed || journal::is_open(state);
}

// RS-3. What another journal of the same run, or one of a volume that is here, says was written since.
void require_session_may_return(const journal::Journal& journal, const std::string& path,
                                const std::vector<OpenDisk>& disks) {
  const auto& stages = journal.stages();
  if (std::find(stages.begin(), stages.end(), block::Stage::kHibernation) == stages.end()) return;
  const auto is_here = [&](const journal::Target& target) {
    return std::any_of(disks.begin(), disks.end(),
                       [&](const OpenDisk& disk) { return find_target(target, disk) != nullptr; });
  };
  for (const journal::Listing& other : journal::list(directory_of(path))) {
    if (!other.has_target || !may_be_on_disk(other.state)) continue;
    if (journal::differences(other.target, journal.target()).empty()) continue;  // its blocks tell
    const bool later = other.created >= journal.created() && is_here(other.target);
    if (other.run_id != journal.run_id() && !later) continue;
    throw Error(ErrorCode::kRefused, "repair.undo.session",
                "with this undo the session of Windows that the run gave up would come back; it believes " +
                    journal::describe(other.target) +
                    " unchanged, which was repaired since, and would destroy it. Nothing was written. Undo " +
                    other.path + " first");
  }
}

void plan_return(Work& work, const Moved& moved) {
  ntfs::Volume& ntfs = *work.volume->ntfs;
  const std::vector<std::u16string> path = ntfs::split_path(moved.path);
  const auto from = ntfs::resolve(ntfs, moved.quarantine_path);
  const auto to = ntfs::resolve(ntfs, std::span(path).first(path.size() - 1));
  if (!from.found() || !to.found()) {
    work.volume->report.idle_rules.push_back(
        {"undo", moved.quarantine_path +
                     (from.found() ? ": the folder it came from is gone" : " is no longer there")});
    return;
  }
  if (ntfs.find(to.entry->reference, path.back())) {
    work.volume->report.idle_rules.push_back(
        {"undo", moved.path + " exists again: " + moved.quarantine_path + " stays"});
    return;
  }
  const ntfs::FileInfo info = ntfs.stat(from.entry->reference);
  work.plan.actions.push_back({manifest::Action::kRename, *from.entry, to.entry->reference, path.back()});
  ActionReport action;
  action.rule = "undo";
  action.action = "rename";
  action.path = moved.quarantine_path;
  action.new_path = moved.path;
  action.size_bytes = info.size_bytes;
  action.modified = info.modified;
  action.created = info.created;
  action.outcome = "planned";
  work.volume->report.actions.push_back(std::move(action));
}

// Windows has used the volume since: the files go back by name.
void move_back(const std::vector<Moved>& moved, const std::vector<OpenDisk>& disks, const Found& found,
               Request& request, Recorder& recorder, Report& report, Operator& person) {
  std::vector<Volume> volumes = look(disks, request, person);
  const auto is_another = [&](const Volume& volume) {
    return volume.disk != found.disk || volume.partition.number != found.partition->number;
  };
  record_found(disks, volumes, recorder, report);
  std::vector<Work> work;
  for (Volume& volume : volumes) {
    if (!volume.ntfs || is_another(volume)) continue;
    Work& one = work.emplace_back(Work{&volume, {}, {}, false});
    guarded(volume, [&] {
      require_safe(volume, request);
      replay(volume, request, person);
      if (volume.report.replay) recorder.replayed(volume.report);
      for (const Moved& file : moved) plan_return(one, file);
      if (one.plan.actions.empty()) volume.report.verdict = Verdict::kNotAffected;
    });
    if (volume.report.verdict) one.plan = {};
    for (const ActionReport& action : volume.report.actions)
      recorder.action("file-planned", volume.report, action, true);
    for (const IdleRule& rule : volume.report.idle_rules) recorder.idle(volume.report, rule);
  }
  carry_out(work, volumes, request, recorder, report, person);
  std::erase_if(volumes, is_another);
  end(volumes, recorder, report);
}

void finish_without_volumes(Recorder& recorder, Report& report, bool good) {
  report.exit_status = good ? 0 : 5;
  report.finished = now();
  recorder.finish(report);
}

}  // namespace

Report undo(const std::string& journal_path, Request& request, Operator& person) {
  journal::Journal journal = journal::Journal::open(journal_path);
  if (journal.state() == journal::State::kEmpty) {
    throw Error(ErrorCode::kUsage, "repair.undo.empty",
                journal_path + " never became valid: there is nothing to undo");
  }
  Report report = begin(request);
  const std::vector<OpenDisk> disks = open_disks(request, report.volumes, person);
  const Found found = find_volume(journal, disks);
  const std::string name =
      "partition " + std::to_string(found.partition->number) + " of " + found.disk->device->describe();
  require_session_may_return(journal, journal_path, disks);
  if (request.audit_directory.empty()) request.audit_directory = directory_of(journal_path);
  Recorder recorder(request.audit_directory, report, request.log_recipient);
  recorder.run_started("undo", request, report);
  try {
    found.disk->device->make_writable();
    recorder.journal_taken_up("undo-started", journal_path);
    const journal::Result result = journal::undo(
        journal, *found.disk->device, target_of(*found.disk, *found.partition),
        [&](journal::Step, uint64_t done, uint64_t total) {
          person.progress(Phase::kCommit, name,
                          static_cast<double>(done) / static_cast<double>(std::max<uint64_t>(1, total)));
        });
    const bool good =
        result.outcome == journal::Outcome::kUndone || result.outcome == journal::Outcome::kAlreadyDone;
    std::string text = name + ": " + std::string(journal::to_string(result.outcome));
    if (!result.problem.empty()) text += " (" + result.problem + ")";
    report.notes.push_back(text);
    recorder.journal_left("undone", text, journal::to_string(result.outcome), good);
    finish_without_volumes(recorder, report, good);
  } catch (const Error& error) {
    recorder.note("undo-refused", error.what(), false);
    if (error.code() != ErrorCode::kConflict) throw;
    const auto moved = quarantined_by(journal_path, journal.run_id(), found.partition->number);
    if (moved.empty()) throw;
    report.notes.push_back(std::string(error.what()) + "; moving the quarantined files back instead");
    move_back(moved, disks, found, request, recorder, report, person);
  }
  return report;
}

Report resume(Request& request, Operator& person) {
  Report report = begin(request);
  Recorder recorder(request.audit_directory, report, request.log_recipient);
  recorder.run_started("resume", request, report);
  std::vector<OpenDisk> disks = open_disks(request, report.volumes, person);
  for (const OpenDisk& disk : disks) report.disks.push_back(report_of(disk));
  resume_all(request.audit_directory, disks, recorder, report, person);
  finish_without_volumes(recorder, report, !report.stuck_journal);
  return report;
}

}  // namespace mend::repair
