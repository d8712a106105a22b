// SPDX-License-Identifier: GPL-3.0-or-later
// What `mendstick collect` and `mendstick report` do: thin, the work is in report/.
#pragma once

#include "mendstick/report_options.h"
#include "mendstick/terminal.h"

namespace mend::mendstick {

// The exit status: 0; 1 when a log is cut short or changed, or work is not finished; 4 when a source, or a
// disk that is written, failed; 2 when a source is not there.
int run_collect(const CollectOptions& options, Terminal& terminal);
// The exit status: 0, or 1 when something is wrong with a log.
int run_report(const ReportOptions& options, Terminal& terminal);

}  // namespace mend::mendstick
