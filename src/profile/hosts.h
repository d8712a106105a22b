// SPDX-License-Identifier: GPL-3.0-or-later
// Patterns of a customer's computer names, such as "ACME-*": a stick that is put into somebody else's PC is
// to notice. `*` stands for any characters, `?` for exactly one; case does not count, as in Windows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mend::profile {

// What is wrong with a pattern, to go on after its name: "is empty".
std::optional<std::string> host_pattern_fault(std::string_view pattern);
// Whether one of the patterns fits; an empty name fits none. REQUIRES: patterns without a fault.
bool fits_hosts(const std::vector<std::string>& patterns, std::string_view host);

}  // namespace mend::profile
