// SPDX-License-Identifier: GPL-3.0-or-later
#include "profile/hosts.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "manifest/fold.h"

namespace mend::profile {
namespace {

constexpr size_t kMaximumUnits = 63;  // of a DNS label; NetBIOS names are shorter

// `*` takes as few characters as it can, and one more whenever the rest does not fit.
bool fits(std::u16string_view pattern, std::u16string_view name) {
  size_t at = 0, in_name = 0;
  size_t star = std::u16string_view::npos, after_star = 0;
  while (in_name < name.size()) {
    if (at < pattern.size() && pattern[at] == u'*') {
      star = at++;
      after_star = in_name;
    } else if (at < pattern.size() && (pattern[at] == u'?' || pattern[at] == name[in_name])) {
      ++at;
      ++in_name;
    } else if (star != std::u16string_view::npos) {
      at = star + 1;
      in_name = ++after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of(u'*', at) == std::u16string_view::npos;
}

}  // namespace

std::optional<std::string> host_pattern_fault(std::string_view pattern) {
  if (pattern.empty()) return "is empty";
  if (printable(pattern) != pattern) return "holds a control or an invisible character";
  if (to_utf16(pattern).size() > kMaximumUnits) return "is longer than any computer's name";
  return std::nullopt;
}

bool fits_hosts(const std::vector<std::string>& patterns, std::string_view host) {
  if (host.empty()) return false;
  const std::u16string name = manifest::folded(to_utf16(host));
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return fits(manifest::folded(to_utf16(pattern)), name);
  });
}

}  // namespace mend::profile
