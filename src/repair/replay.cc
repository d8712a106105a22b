// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/replay.h"

#include <algorithm>

#include "base/text.h"
#include "ntfs/check.h"
#include "ntfs/replay.h"
#include "ntfs/touched.h"
#include "repair/session.h"

namespace mend::repair {

block::Stage stage_of(ntfs::ReplayStage stage) {
  switch (stage) {
    case ntfs::ReplayStage::kPages:
      return block::Stage::kReplay;
    case ntfs::ReplayStage::kDirtySet:
      return block::Stage::kReplayDirtySet;
    case ntfs::ReplayStage::kRestart:
      return block::Stage::kLogRestart;
    case ntfs::ReplayStage::kUndo:
      return block::Stage::kUndo;
    case ntfs::ReplayStage::kDirtyRestore:
      break;
  }
  return block::Stage::kReplayDirtyRestore;
}

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::kRefused, "repair.unsafe", why);
}

std::vector<ntfs::Finding> check_all(ntfs::Volume& ntfs, const std::string& name, Operator& person) {
  const auto progress = [&](double fraction) {
    stop_if_asked(person);
    person.progress(Phase::kReplay, name, fraction);
  };
  ntfs::CheckReport report = ntfs::check_full(ntfs, progress);
  if (report.more_findings != 0) refuse("the volume is damaged in more places than can be told apart");
  std::sort(report.findings.begin(), report.findings.end());
  return report.findings;
}

// RR-2. Until the replay, findings are what the log is there to mend: only what is in both is a blemish.
void check_replayed(Volume& volume, ntfs::Volume& before, ntfs::Volume& after, Operator& person) {
  const auto now = check_all(after, volume.name, person);
  if (now.empty()) return;
  const auto fresh = ntfs::new_findings(check_all(before, volume.name, person), now);
  if (!fresh.empty()) {
    refuse("after the replay of its log the volume would not be sound: " + printable(fresh.front().what) +
           "; nothing was changed. Run \"chkdsk /f\" on it from Windows' recovery environment");
  }
}

}  // namespace

void require_safe(const Volume& volume, const Request& request) {
  const ntfs::VolumeState& state = *volume.state;
  const bool asleep = ntfs::is_hibernated(state.hibernation) && !may_discard(request, state.hibernation);
  const bool log_in_the_way = state.log_needs_replay() && state.log != ntfs::LogState::kUnclean;
  if (log_in_the_way || (state.dirty && !request.allow_dirty) || asleep) refuse(state.text);
}

void discard_hibernation(Volume& volume, const Stack& stack) {
  const auto ranges = ntfs::hibernation_header_ranges(*volume.ntfs);
  if (ranges.empty()) {
    throw Error(ErrorCode::kRefused, "repair.replay.hibernation",
                "the header of hiberfil.sys cannot be found, so its session cannot be discarded");
  }
  for (const ntfs::Range& range : ranges)
    stack.plain->write(range.offset, ByteVector(static_cast<size_t>(range.length)));
  stack.overlay->end_stage(block::Stage::kHibernation);
}

void replay(Volume& volume, const Request& request, Operator& person) {
  if (volume.state->log != ntfs::LogState::kUnclean) return;
  person.progress(Phase::kReplay, volume.name, -1);
  Stack replayed = make_stack(volume);
  ntfs::ReplayResult result;
  try {
    if (ntfs::is_hibernated(volume.state->hibernation)) discard_hibernation(volume, replayed);
    result = ntfs::replay_log(*replayed.plain,
                              [&](ntfs::ReplayStage stage) { replayed.overlay->end_stage(stage_of(stage)); });
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
    refuse("the volume's log cannot be replayed, and nothing was changed: " + std::string(error.what()));
  }
  auto after = std::make_unique<ntfs::Volume>(*replayed.plain, volume.ntfs->shared_upcase());
  check_replayed(volume, *volume.ntfs, *after, person);
  volume.state = ntfs::read_state(*after);
  volume.ntfs = std::move(after);
  volume.before = std::move(replayed);
  volume.report.replay = ReplayReport{result.records_read, result.redone, result.undone};
  volume.report.state = volume.state->text;
  require_safe(volume, request);
  if (volume.state->log_needs_replay()) refuse(volume.state->text);
}

}  // namespace mend::repair
