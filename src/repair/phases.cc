// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/phases.h"

#include "repair/apply.h"
#include "repair/commit.h"
#include "repair/session.h"

namespace mend::repair {
namespace {

void mark_not_done(VolumeReport& report) {
  for (ActionReport& action : report.actions) action.outcome = "not-done";
}

using Journal = std::optional<ntfs::ChangeJournal>;

Journal change_journal_of(Volume& volume) {
  try {
    return ntfs::find_change_journal(*volume.ntfs, volume.state->volume_flags);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
    volume.report.unrecorded = error.what();
    return std::nullopt;
  }
}

void attempt(Work& work, const Request& request, const Journal& journal, Operator& person) {
  Volume& volume = *work.volume;
  work.after = make_stack(volume, volume.before.overlay->copy());
  const auto edits = apply(volume, work.plan, work.after, request, journal, person);
  // A doubt about the volume widens the check to all of it.
  const bool doubt = volume.state->dirty || ntfs::is_hibernated(volume.state->hibernation);
  volume.report.blemishes.clear();
  verify(volume, work.after, edits, doubt ? CheckDepth::kFull : request.check, person);
}

// What cannot be done together with the change journal is done without it: the repair counts for more.
void prepare(Work& work, const Request& request, Operator& person) {
  Volume& volume = *work.volume;
  const Journal journal = change_journal_of(volume);
  bool done = false;
  if (journal) {
    try {
      attempt(work, request, journal, person);
      done = true;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo || std::string_view(error.id()) == "repair.stopped") throw;
      volume.report.unrecorded = error.what();
    }
  }
  if (!done) attempt(work, request, std::nullopt, person);
  volume.report.blocks_changed = work.after.overlay->changed_blocks().size();
  volume.report.verdict = Verdict::kWouldFix;
  work.ready = true;
}

// R-4, where nobody was asked.
void refuse_with_caution(std::vector<Work>& work, Recorder& recorder) {
  for (Work& one : work) {
    VolumeReport& report = one.volume->report;
    if (!one.ready || report.caution.empty()) continue;
    one.ready = false;
    report.verdict = Verdict::kRefused;
    report.reason = report.caution + " Nothing was written. In mode ask it can be used all the same";
    mark_not_done(report);
    recorder.note("host-refused", report.reason, false);
  }
}

// Lets the person say no, which leaves the disks as they are.
bool consented(std::vector<Work>& work, Recorder& recorder, Operator& person) {
  std::vector<const VolumeReport*> planned;
  for (const Work& one : work) {
    if (one.ready) planned.push_back(&one.volume->report);
  }
  if (planned.empty()) return true;
  const Consent consent = person.consent(planned);
  if (consent == Consent::kNotAsked) {
    refuse_with_caution(work, recorder);
    return true;
  }
  recorder.note("consent", consent == Consent::kYes ? "the technician said yes" : "the technician said no",
                consent == Consent::kYes);
  if (consent == Consent::kYes) return true;
  for (Work& one : work) {
    if (!one.ready) continue;
    one.volume->report.verdict = Verdict::kRefused;
    one.volume->report.reason = "the technician said no; nothing was written";
    mark_not_done(one.volume->report);
  }
  return false;
}

// Returns false when no further volume may be committed.
bool commit_one(Work& work, Recorder& recorder, const Report& report, Operator& person) {
  Volume& volume = *work.volume;
  bool go_on = false;
  guarded(volume, [&] {
    commit(volume, work.after, recorder, report, person);
    go_on = volume.report.verdict == Verdict::kFixed && volume.report.reason.empty();
  });
  const bool fixed = volume.report.verdict == Verdict::kFixed;
  if (!fixed) volume.report.verdict = Verdict::kFailed;
  for (const ActionReport& action : volume.report.actions)
    recorder.action("file-changed", volume.report, action, fixed);
  recorder.commit_finished(volume.report, fixed ? "committed" : volume.report.reason, fixed);
  return go_on;
}

}  // namespace

Report begin(const Request& request) {
  Report report;
  report.run_id = new_run_id();
  report.started = now();
  report.dry_run = request.dry_run;
  return report;
}

bool guarded(Volume& volume, const std::function<void()>& phase) {
  const uint64_t read_before = volume.disk->device->bytes_read();
  bool good = true;
  try {
    phase();
  } catch (const Error& error) {
    const std::string_view id = error.id();
    if (id == "repair.stopped") throw;
    record_error(volume.report, error);
    if (id == "repair.unsafe") volume.report.verdict = Verdict::kUnsafe;
    mark_not_done(volume.report);
    good = false;
  }
  volume.report.bytes_read += volume.disk->device->bytes_read() - read_before;
  return good;
}

void carry_out(std::vector<Work>& work, const std::vector<Volume>& volumes, const Request& request,
               Recorder& recorder, Report& report, Operator& person) {
  for (Work& one : work) {
    if (one.plan.actions.empty()) continue;
    guarded(*one.volume, [&] { prepare(one, request, person); });
    person.volume(one.volume->report);
    if (!one.ready) continue;
    recorder.verified(one.volume->report, one.volume->report.blocks_changed);
    if (!one.volume->report.unrecorded.empty()) recorder.unrecorded(one.volume->report);
  }
  for (Work& one : work)
    if (!one.ready) one.plan = {};
  hold_back(work, volumes, request);  // RS-2: a session was to be given up, and is not
  if (request.dry_run) return;
  stop_if_asked(person);
  if (!consented(work, recorder, person)) return;
  bool go_on = true;
  for (Work& one : work) {
    if (!one.ready) continue;
    if (go_on) {
      go_on = commit_one(one, recorder, report, person);
      person.volume(one.volume->report);
      continue;
    }
    one.volume->report.verdict = Verdict::kFailed;
    one.volume->report.reason = "not begun, since the journal or the disk failed on another volume";
    mark_not_done(one.volume->report);
  }
}

void record_found(const std::vector<OpenDisk>& disks, const std::vector<Volume>& volumes, Recorder& recorder,
                  Report& report) {
  for (const OpenDisk& disk : disks) {
    report.disks.push_back(report_of(disk));
    recorder.disk(report.disks.back());
  }
  for (const VolumeReport& unreadable : report.volumes) recorder.verdict(unreadable);
  for (const Volume& volume : volumes) {
    recorder.volume(volume.report);
    for (const WindowsReport& windows : volume.report.windows) recorder.name_after(windows.host);
  }
}

void end(std::vector<Volume>& volumes, Recorder& recorder, Report& report) {
  for (Volume& volume : volumes) {
    // Without a verdict a volume was no target: a data volume, listed by scan only.
    if (!volume.report.verdict) continue;
    recorder.verdict(volume.report);
    report.volumes.push_back(std::move(volume.report));
  }
  conclude(report);
  report.finished = now();
  recorder.finish(report);
}

}  // namespace mend::repair
