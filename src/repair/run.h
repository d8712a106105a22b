// SPDX-License-Identifier: GPL-3.0-or-later
// The repair of a machine, from the disks to the verdict: look, plan, apply, verify, commit, record. What
// `mend repair` and `mend scan` run; the other commands are in their own files.
//
// Invariants
//   R-1  The plan of all rules on all volumes is made before the first is applied, and all are applied and
//   verified
//        before the first is committed.
//   R-2  No disk is written before the log has taken the record that says so.
//   R-3  An error of one volume is that volume's verdict; the others go on. After an error of the journal or
//   of the log,
//        no further volume is committed.
#pragma once

#include "repair/operator.h"
#include "repair/report.h"
#include "repair/request.h"

namespace mend::repair {

// Throws kUsage (manifests) and kIo (disk, log) before anything is touched; everything later is in the
// report.
Report repair(Request& request, Operator& person);
// Replays the logs of the volumes that Windows did not close, and commits that alone. Throws as repair does.
Report replay_logs(Request& request, Operator& person);
// Disks, volumes, protectors, installations. The exit status in the report: 0 with a Windows volume that can
// be read, else as repair's.
Report scan(Request& request, Operator& person);

}  // namespace mend::repair
