// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/candidates.h"

#include <algorithm>

#include "base/text.h"

namespace mend::bitlocker {
namespace {

constexpr size_t kNetBiosCharacters = 15;

struct Trial {
  const RecoveryCandidate* candidate;
  bool names_host;
};

bool comes_before(const Trial& a, const Trial& b) {
  if (a.names_host != b.names_host) return a.names_host;
  return a.candidate->created > b.candidate->created;  // no date is less than any
}

}  // namespace

bool describes_host(std::string_view description, std::string_view host) {
  const std::string_view name = host.substr(0, std::min(host.find('.'), host.size()));
  const std::string_view short_name = name.substr(0, kNetBiosCharacters);
  const std::string_view word = description.substr(0, std::min(description.find(' '), description.size()));
  if (name.empty() || word.size() == description.size()) return false;
  return lower_ascii(word) == lower_ascii(name) || lower_ascii(word) == lower_ascii(short_name);
}

std::vector<const RecoveryCandidate*> order_of_trial(const std::vector<RecoveryCandidate>& candidates,
                                                     WithId with_id, std::string_view description) {
  std::vector<Trial> trials;
  for (const RecoveryCandidate& candidate : candidates) {
    if (candidate.protector_id.has_value() == (with_id == WithId::kYes))
      trials.push_back({&candidate, describes_host(description, candidate.host)});
  }
  std::stable_sort(trials.begin(), trials.end(), comes_before);
  std::vector<const RecoveryCandidate*> order;
  order.reserve(trials.size());
  for (const Trial& trial : trials) order.push_back(trial.candidate);
  return order;
}

}  // namespace mend::bitlocker
