// SPDX-License-Identifier: GPL-3.0-or-later
// The person in front of a run, as the run sees them: told of progress, asked for nothing it can do without.
// `mend` on a terminal is one; the console will be another. Called from the thread that runs the repair.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mend::repair {

enum class Phase { kLook, kUnlock, kReplay, kPlan, kApply, kVerify, kCommit, kCheck, kCopy };
std::string_view to_string(Phase phase);

struct VolumeReport;

enum class Consent { kNotAsked, kYes, kNo };

class Operator {
 public:
  virtual ~Operator() = default;
  // `what` is the disk or volume; `fraction` from 0 to 1, below 0 when it is not known. May be called often.
  virtual void progress(Phase phase, std::string_view what, double fraction) = 0;
  // One finished sentence.
  virtual void tell(std::string_view message) = 0;
  // Asked once, when every change is verified and nothing is written yet. kNo ends the run there.
  virtual Consent consent(const std::vector<const VolumeReport*>& planned);
  // True once the person asked to stop. Looked at until the commit begins, never within it.
  virtual bool wants_to_stop() = 0;
};

// kRefused "repair.stopped" once the person asked to stop.
void stop_if_asked(Operator& person);

}  // namespace mend::repair
