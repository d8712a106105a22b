// SPDX-License-Identifier: GPL-3.0-or-later
// Under which licences a package of the distribution is: read from its copyright file, in the names of SPDX
// where one is known. For the list of what is on a stick; it is what the package says, not legal advice.
#pragma once

#include <string>
#include <string_view>

namespace mend::image {

// Each licence once, in the order of the file, joined by " AND "; one with alternatives in parentheses, as
// "(GPL-2.0-only OR MIT)". Stanzas that are about the packaging only (all files in debian/) count when there
// are no others. A file that is not machine-readable: what it refers to of /usr/share/common-licenses. Empty
// when it names none.
std::string licences_in(std::string_view copyright_file);

// One of Debian's short names as SPDX has it: "GPL-2+" is "GPL-2.0-or-later"; others as they are.
std::string spdx_name(std::string_view short_name);

}  // namespace mend::image
