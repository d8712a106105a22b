// SPDX-License-Identifier: GPL-3.0-or-later
// What `mendstick audit verify` does: thin, the work is in audit/.
#pragma once

#include "mendstick/options.h"
#include "mendstick/terminal.h"

namespace mend::mendstick {

// The exit status: 0; 1 when a log is cut short or changed, or a receipt fits none of them; 2 when a log is
// not there. More than one log end with a summary.
int run_audit_verify(const AuditOptions& options, Terminal& terminal);

}  // namespace mend::mendstick
