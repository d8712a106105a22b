// SPDX-License-Identifier: GPL-3.0-or-later
// 8.3 names as Windows gives them: a legal one needs no second name; else six characters, a tilde, a number.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace mend::brokenpc {

bool is_dos_name(std::u16string_view name);
// A name that is not in `taken` (upper case), which it joins.
std::u16string make_dos_name(std::u16string_view name, std::set<std::u16string>& taken);

}  // namespace mend::brokenpc
