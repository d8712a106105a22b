// SPDX-License-Identifier: GPL-3.0-or-later
// What a session runs on the thread of its Runner; each ends with the event that shows its verdict. Throws
// nothing: an error is the verdict.
#pragma once

#include <string>
#include <vector>

#include "console/runner.h"
#include "console/session.h"

namespace mend::console {

Runner::Event repair_now(Session& session, Runner& runner);
Runner::Event look_only(Session& session, Runner& runner);
Runner::Event undo_now(Session& session, const std::vector<std::string>& journals, Runner& runner);

// A log's records, a line each: when, what, how it ended. Lines that are none are shown as they are.
std::vector<std::string> read_log_for_people(const std::string& path);
// What a run's QR code says: machine serial, host, verdict, run, manifests, time and the log's closing hash,
// in capitals, which makes the code smaller. Empty without a closed log.
std::string receipt_for_camera(const repair::Report& report, const std::string& serial,
                               const std::string& word);

}  // namespace mend::console
