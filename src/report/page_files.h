// SPDX-License-Identifier: GPL-3.0-or-later
// The files of page/, as the build puts them into the program (embed.cmake).
#pragma once

#include <string_view>

namespace mend::report {

extern const std::string_view kPageHtml, kPageStyle, kPageScript;

}  // namespace mend::report
