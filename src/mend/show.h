// SPDX-License-Identifier: GPL-3.0-or-later
// A report as lines of text for a person.
#pragma once

#include <string>

#include "repair/copy.h"
#include "repair/report.h"

namespace mend {

std::string show_repair(const repair::Report& report);
std::string show_scan(const repair::Report& report);
std::string show_check(const repair::CheckResult& result);

}  // namespace mend
