// SPDX-License-Identifier: GPL-3.0-or-later
// Taking a run back: the old bytes, as long as nothing has used the volume since; after that, the quarantined
// files are moved back to where the run's log says they were, as an ordinary repair with a journal of its
// own. The session of Windows that a run gave up comes back last, and not at all while another volume of the
// machine is as a run left it (RS-3).
#pragma once

#include "repair/run.h"

namespace mend::repair {

// `journal`: the path of a *.undo file; its log lies beside it. request.disks: where to look for its volume.
// The credentials are needed only where files have to be moved back on an encrypted volume. kUsage, kNotFound
// (no such volume here), kConflict (used since, and nothing to move back), kRefused "repair.undo.session"
// (another journal must be undone first), kIo.
Report undo(const std::string& journal, Request& request, Operator& person);

// Finishes or rolls back what an earlier run left in request.audit_directory; its outcome is in the notes.
Report resume(Request& request, Operator& person);

}  // namespace mend::repair
