// SPDX-License-Identifier: GPL-3.0-or-later
// What to do about a machine that needs somebody: a sentence for each verdict. And what reasons have in
// common: those that differ only in numbers, identifiers and paths are one group.
#pragma once

#include <string>

namespace mend::report {

// For the person who plans the next visit; empty for a verdict that needs nobody.
std::string remedy_for(const std::string& verdict);

// The reason with "…" for what differs from machine to machine.
std::string common_part(const std::string& reason);

}  // namespace mend::report
