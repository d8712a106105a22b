// SPDX-License-Identifier: GPL-3.0-or-later
// A recovery as one HTML page that needs nothing else: style, script and data are in it. The page's own files
// are in page/; what they show comes as JSON in a data block (FORMAT.md).
//
// Invariants
//   PG-1  Nothing from a log is markup or script, whatever it holds: data stands in the block with '<', '>'
//         and '&' escaped, and the script makes text of it only.
//   PG-2  The page loads nothing and sends nothing: its Content-Security-Policy allows the one style and the
//         one script that are in it, by their hashes, and no other source of anything.
#pragma once

#include <string>

#include "report/recovery.h"

namespace mend::report {

std::string to_page(const Recovery& recovery);
// The data block's JSON, as it stands in the page.
std::string page_data(const Recovery& recovery);

}  // namespace mend::report
