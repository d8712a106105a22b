// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/session.h"

#include <algorithm>

namespace mend::repair {
namespace {

bool may_be_system(const Volume& volume) {
  return volume.report.verdict == Verdict::kLocked && volume.report.mode == "unknown";
}

// What keeps other volumes from being touched on account of this one; empty: nothing. `given_up`: before they
// are.
std::string obstacle(const Volume& volume, bool given_up) {
  if (may_be_system(volume)) {
    return "whether Windows is hibernated on " + volume.name +
           " cannot be told, since that volume is locked; a session saved there would believe this volume "
           "unchanged and destroy what is written now. Give the key of that volume";
  }
  if (!ntfs::is_hibernated(volume.session) || given_up) return {};
  return "a session of Windows is saved on " + volume.name +
         ", which believes this volume unchanged too, and would destroy what is written now. Start Windows "
         "and "
         "shut it down fully, or let this run give the session up (--discard-hibernation), which it can do "
         "with "
         "one session of a machine, not with two";
}

// RS-2
bool is_only_session(const std::vector<Volume>& volumes) {
  return std::count_if(volumes.begin(), volumes.end(),
                       [](const Volume& volume) { return ntfs::is_hibernated(volume.session); }) == 1;
}

void refuse(Volume& volume, const std::string& why) {
  volume.report.verdict = Verdict::kUnsafe;
  volume.report.reason = why + "; nothing was written";
  for (ActionReport& action : volume.report.actions) action.outcome = "not-done";
}

bool is_planned(const std::vector<Work>& work, const Volume& volume) {
  return std::any_of(work.begin(), work.end(), [&](const Work& one) {
    return one.volume == &volume && (one.ready || !one.plan.actions.empty());
  });
}

}  // namespace

bool may_discard(const Request& request, ntfs::Hibernation found) {
  if (request.discard == Discard::kFastStartup) return found == ntfs::Hibernation::kFastStartup;
  return request.discard == Discard::kAll && ntfs::is_hibernated(found);
}

void order_by_session(std::vector<Work>& work) {
  std::stable_partition(work.begin(), work.end(),
                        [](const Work& one) { return ntfs::is_hibernated(one.volume->session); });
}

void hold_back(std::vector<Work>& work, const std::vector<Volume>& volumes, const Request& request) {
  for (const Volume& volume : volumes) {
    const bool given_up =
        may_discard(request, volume.session) && is_planned(work, volume) && is_only_session(volumes);
    const std::string why = obstacle(volume, given_up);
    if (why.empty()) continue;
    for (Work& one : work) {
      if (one.volume == &volume || (!one.ready && one.plan.actions.empty())) continue;
      refuse(*one.volume, why);
      one.plan = {};
      one.ready = false;
    }
  }
}

void hold_back(std::vector<Volume>& volumes, const Request& request) {
  for (const Volume& volume : volumes) {
    const bool given_up = may_discard(request, volume.session) && is_only_session(volumes);
    const std::string why = obstacle(volume, given_up);
    if (why.empty()) continue;
    for (Volume& other : volumes)
      if (&other != &volume && other.is_windows() && !other.report.verdict) refuse(other, why);
  }
}

}  // namespace mend::repair
