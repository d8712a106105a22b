// SPDX-License-Identifier: GPL-3.0-or-later
// A recovery as text for other programs: CSV (one row a machine), JSON (everything), and the logs' own
// records as ECS JSON Lines.
//
// Invariants
//   DO-1  A cell of the CSV never is a formula to a spreadsheet: what begins like one gets an apostrophe
//   before it. DO-2  A record in the JSON Lines is byte for byte the one in its log.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "report/recovery.h"

namespace mend::report {

// RFC 4180, UTF-8 with a byte order mark, since Excel takes it for another encoding without one.
std::string to_csv(const Recovery& recovery);
std::string to_json(const Recovery& recovery);

// The records of the logs that the report uses, run by run, to `write`. kIo.
void write_ecs(const Recovery& recovery, const std::function<void(std::string_view)>& write);

}  // namespace mend::report
