// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/operator.h"

#include "base/error.h"

namespace mend::repair {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::kLook:
      return "looking at";
    case Phase::kUnlock:
      return "unlocking";
    case Phase::kReplay:
      return "replaying the log of";
    case Phase::kPlan:
      return "planning";
    case Phase::kApply:
      return "preparing the repair of";
    case Phase::kVerify:
      return "verifying";
    case Phase::kCommit:
      return "writing to";
    case Phase::kCheck:
      return "checking";
    case Phase::kCopy:
      return "copying";
  }
  return "working on";
}

Consent Operator::consent(const std::vector<const VolumeReport*>&) {
  return Consent::kNotAsked;
}

void stop_if_asked(Operator& person) {
  if (!person.wants_to_stop()) return;
  throw Error(ErrorCode::kRefused, "repair.stopped", "stopped on request; the disk is as it was");
}

}  // namespace mend::repair
