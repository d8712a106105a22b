// SPDX-License-Identifier: GPL-3.0-or-later
// A report as lines of text for a person, and its verdict in two words.
#pragma once

#include <string>

#include "repair/copy.h"
#include "repair/report.h"
#include "screen/screen.h"

namespace mend::console {

// What the whole comes to, in capitals: "FIXED", "NEEDS YOU", …; empty when there is nothing to say.
std::string headline(const repair::Report& report);
// One volume, what was done to it, and its verdict with the reason.
std::string show_volume(const repair::VolumeReport& volume);
std::string show_repair(const repair::Report& report);
std::string show_scan(const repair::Report& report);
std::string show_check(const repair::CheckResult& result);

// Text of several lines, on the stick's screen.
void show_lines(screen::Screen& screen, std::string_view text);

}  // namespace mend::console
