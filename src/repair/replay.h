// SPDX-License-Identifier: GPL-3.0-or-later
// Before the plan: a volume that Windows did not close is brought to where Windows would bring it, in the
// overlay. Everything after that (plan, apply, verify) sees the volume as it is then. The disk is not
// touched.
//
// Invariants
//   RR-1  A volume is replayed only where its log is the only thing in the way: hibernation and an unknown or
//         damaged log are judged first, by policy.
//   RR-2  After the replay the whole volume is checked. A blemish that was not there before makes the volume
//         `unsafe`, as an error of the replay does, and nothing is written.
//   RR-3  The stages that the replay closes come before those of the repair, so that a commit which is cut
//         off leaves a log that leads to the right end, or one that is closed (NRP-4).
#pragma once

#include "ntfs/replay.h"
#include "repair/look.h"

namespace mend::repair {

// Policy: may this volume be written to, once its log is replayed? kRefused "repair.unsafe".
void require_safe(const Volume& volume, const Request& request);

// The stage of the commit that what replay_log() reports belongs to.
block::Stage stage_of(ntfs::ReplayStage stage);

// Replays the log into volume.before, if that is wanted; the volume's state is then the one after it. With
// --discard-hibernation the saved session is given up first, since it would bring its own changes. What was
// done is in the volume's report.
// kRefused "repair.unsafe".
void replay(Volume& volume, const Request& request, Operator& person);

// The header of hiberfil.sys zeroed in `stack`, as a stage of its own. kRefused "repair.replay.hibernation".
void discard_hibernation(Volume& volume, const Stack& stack);

}  // namespace mend::repair
