// SPDX-License-Identifier: GPL-3.0-or-later
// What a run comes to for the technician: one big word, what it means, and what to do next.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "repair/report.h"
#include "screen/lines.h"

namespace mend::console {

struct Ending {
  std::string word;  // "FIXED", "NEEDS YOU", …
  screen::Style style = screen::Style::kPlain;
  std::vector<std::string> advice;  // lines of at most 76 columns, but for names
  bool without_log = false;         // the stick took none, so nothing was changed
};

// Of a repair. `logs`: where the stick's earlier logs are; `contact`: whom to call; may be empty.
Ending ending_of(const repair::Report& report, const std::string& logs, const std::string& contact);
Ending ending_of_scan();
Ending ending_of_undo(const repair::Report& report, const std::string& contact);
// Of a run that an error kept from beginning, so that nothing is changed.
Ending ending_of(const Error& error);
// Without a disk there is nothing to repair.
Ending ending_without_disk();

}  // namespace mend::console
