// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/operator.h"

#include <algorithm>

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

bool KeyQuestion::takes(bitlocker::ProtectorType type) const {
  return std::any_of(protectors.begin(), protectors.end(),
                     [&](const bitlocker::ProtectorInfo& protector) { return protector.type == type; });
}

KeyAnswer Operator::key(const KeyQuestion&) {
  return {};
}

Consent Operator::consent(const std::vector<const VolumeReport*>&) {
  return Consent::kNotAsked;
}

void stop_if_asked(Operator& person) {
  if (!person.wants_to_stop()) return;
  throw Error(ErrorCode::kRefused, "repair.stopped", "stopped on request; the disk is as it was");
}

}  // namespace mend::repair
