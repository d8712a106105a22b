// SPDX-License-Identifier: GPL-3.0-or-later
// What repair and undo share: a planned volume on its way through apply, verify and commit.
#pragma once

#include "repair/plan.h"
#include "repair/record.h"
#include "repair/replay.h"

namespace mend::repair {

struct Work {
  Volume* volume = nullptr;
  Plan plan;
  Stack after;
  bool ready = false;  // verified, to be committed
};

Report begin(const Request& request);
// Applies and verifies all that are planned, then commits one after the other.
void carry_out(std::vector<Work>& work, const std::vector<Volume>& volumes, const Request& request,
               Recorder& recorder, Report& report, Operator& person);
// Runs one phase on one volume: an error is the volume's verdict, and false is returned. A request to stop
// passes.
bool guarded(Volume& volume, const std::function<void()>& phase);
void record_found(const std::vector<OpenDisk>& disks, const std::vector<Volume>& volumes, Recorder& recorder,
                  Report& report);
// Verdicts into the log, reports out of the volumes, the machine's verdict and the end of the log.
void end(std::vector<Volume>& volumes, Recorder& recorder, Report& report);

}  // namespace mend::repair
