// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/run.h"

#include <algorithm>
#include <functional>

#include "ntfs/replay.h"
#include "repair/commit.h"
#include "repair/hosts.h"
#include "repair/phases.h"
#include "repair/session.h"

namespace mend::repair {
namespace {

std::vector<manifest::Manifest> load_manifests(const Request& request, Report& report) {
  std::vector<manifest::Manifest> manifests;
  for (const std::string& path : request.manifests) manifests.push_back(manifest::load(path));
  manifests.insert(manifests.end(), request.read_manifests.begin(), request.read_manifests.end());
  for (const manifest::Manifest& one : manifests)
    report.manifests.push_back({one.id, one.version, to_hex(one.sha256), one.file, one.signer});
  return manifests;
}

std::vector<Work> targets(std::vector<Volume>& volumes, const Request& request) {
  std::vector<Work> work;
  for (Volume& volume : volumes) {
    if (!volume.ntfs || !(volume.is_windows() || request.any_volume)) continue;
    if (!volume.is_windows()) volume.report.mode = "named";
    work.push_back({&volume, {}, {}, false});
  }
  return work;
}

void plan_all(std::vector<Work>& work, const std::vector<manifest::Manifest>& manifests,
              const Request& request, Recorder& recorder, const Report& report, Operator& person) {
  order_by_session(work);
  caution_about_hosts(work, request.hosts, person);
  for (Work& one : work) {
    Volume& volume = *one.volume;
    const bool planned = guarded(volume, [&] {
      require_safe(volume, request);
      replay(volume, request, person);
      if (volume.report.replay) recorder.replayed(volume.report);
      one.plan = make_plan(volume, manifests, report.run_id, person);
      if (one.plan.actions.empty()) volume.report.verdict = Verdict::kNotAffected;
    });
    if (!planned) one.plan = {};
    person.volume(volume.report);
    for (const ActionReport& action : volume.report.actions) {
      recorder.action("file-planned", volume.report, action, planned);
    }
    for (const IdleRule& rule : volume.report.idle_rules) recorder.idle(volume.report, rule);
  }
}

// What an earlier run began and this one has finished by its journal is this run's repair too.
void count_finished(std::vector<Work>& work, const Report& report) {
  for (Work& one : work) {
    VolumeReport& volume = one.volume->report;
    const bool finished = std::any_of(
        report.finished_volumes.begin(), report.finished_volumes.end(), [&](const VolumePlace& place) {
          return place.disk == volume.disk && place.partition == volume.partition;
        });
    if (!finished || volume.verdict != Verdict::kNotAffected) continue;
    volume.verdict = Verdict::kFixed;
    volume.reason = "the repair that had been interrupted was finished by its journal";
  }
}

// A key that was used is to be changed, and so is named in the log, also of a run that is stopped right
// after.
void record_keys_used(const std::vector<Volume>& volumes, Recorder& recorder) noexcept {
  try {
    for (const Volume& volume : volumes) {
      const auto& encryption = volume.report.encryption;
      if (encryption && !encryption->protector_id.empty()) recorder.volume(volume.report);
    }
  } catch (const Error&) {  // the log itself has failed
  }
}

using Treat = std::function<void(std::vector<Work>&, Recorder&, Report&)>;

// From the log's first record to its last; `treat` fills in what is to be committed.
Report run(const char* command, Request& request, Operator& person, Report report, const Treat& treat) {
  Recorder recorder(request.audit_directory, report, request.log_recipient);
  recorder.run_started(command, request, report);
  std::vector<Volume> volumes;
  std::vector<OpenDisk> disks;
  bool recorded = false;
  try {
    disks = open_disks(request, report.volumes, person);
    if (!request.dry_run) resume_all(request.audit_directory, disks, recorder, report, person);
    if (!report.stuck_journal) {
      look(disks, request, person, volumes);
      recorded = true;
      recorder.keyring(request);
      record_found(disks, volumes, recorder, report);
      std::vector<Work> work = targets(volumes, request);
      treat(work, recorder, report);
      hold_back(work, volumes, request);
      carry_out(work, volumes, request, recorder, report, person);
      count_finished(work, report);
    }
  } catch (const Error& error) {
    if (!recorded) record_keys_used(volumes, recorder);
    recorder.stopped(error);
    throw;
  }
  end(volumes, recorder, report);
  return report;
}

// What replay_logs() commits of one volume: the replay and nothing else.
void plan_replay(Work& work, const Request& request, Recorder& recorder, Operator& person) {
  Volume& volume = *work.volume;
  guarded(volume, [&] {
    require_safe(volume, request);
    replay(volume, request, person);
    if (!volume.report.replay) {
      volume.report.verdict = Verdict::kNotAffected;
      volume.report.reason = "its log is closed: there is nothing to replay";
      return;
    }
    recorder.replayed(volume.report);
    work.after = make_stack(volume, volume.before.overlay->copy());
    volume.report.blocks_changed = work.after.overlay->changed_blocks().size();
    volume.report.verdict = Verdict::kWouldFix;
    work.ready = true;
  });
}

// A log that waits to be replayed is no obstacle, as long as nothing else is.
void judge_state(Volume& volume, const Request& request) {
  const ntfs::LogSummary log = ntfs::inspect_log(*volume.before.plain);
  volume.report.state = "log: " + log.text();
  try {
    require_safe(volume, request);
    if (log.condition == ntfs::LogCondition::kDamaged)
      throw Error(ErrorCode::kRefused, "repair.unsafe",
                  "the log of this volume cannot be replayed: " + log.why +
                      ". Run \"chkdsk /f\" on it from Windows' recovery environment");
  } catch (const Error& error) {
    volume.report.verdict = Verdict::kUnsafe;
    volume.report.reason = error.what();
  }
}

}  // namespace

Report repair(Request& request, Operator& person) {
  Report report = begin(request);
  const auto manifests = load_manifests(request, report);
  return run("repair", request, person, std::move(report),
             [&](std::vector<Work>& work, Recorder& recorder, Report& so_far) {
               plan_all(work, manifests, request, recorder, so_far, person);
             });
}

Report replay_logs(Request& request, Operator& person) {
  return run("replay", request, person, begin(request),
             [&](std::vector<Work>& work, Recorder& recorder, Report&) {
               order_by_session(work);
               for (Work& one : work) plan_replay(one, request, recorder, person);
             });
}

Report scan(Request& request, Operator& person) {
  Report report = begin(request);
  const std::vector<OpenDisk> disks = open_disks(request, report.volumes, person);
  for (const OpenDisk& disk : disks) report.disks.push_back(report_of(disk));
  std::vector<Volume> volumes = look(disks, request, person);
  bool windows = false;
  for (Volume& volume : volumes) {
    windows |= volume.is_windows();
    if (volume.state && !volume.report.verdict && volume.is_windows()) judge_state(volume, request);
  }
  hold_back(volumes, request);
  for (Volume& volume : volumes) {
    report.volumes.push_back(std::move(volume.report));
  }
  conclude(report);
  if (windows && report.exit_status == 3) report.exit_status = 0;
  report.finished = now();
  return report;
}

}  // namespace mend::repair
