// SPDX-License-Identifier: GPL-3.0-or-later
// Tables: comma, semicolon or tab, quoting by RFC 4180, a header that names the columns. The fence around
// libcsv.
#pragma once

#include <string_view>

#include "keys/collector.h"

namespace mend::keys {

// True when the text starts with a header of which some column holds keys; then all of its rows were read.
// Before the header there may be empty lines, `sep=;` (Excel) and `#TYPE …` (PowerShell).
bool read_csv(std::string_view text, Collector& into);

}  // namespace mend::keys
