// SPDX-License-Identifier: GPL-3.0-or-later
// In which order recovery passwords are worth a trial on a volume, each of which takes a tenth of a second or
// more. Used by unlock() only.
#pragma once

#include <string_view>
#include <vector>

#include "bitlocker/keys.h"

namespace mend::bitlocker {

// Whether a volume's clear-text description, "PC01 C: 19/07/2024", names that computer. Domains and case
// (ASCII) do not count; Windows writes the NetBIOS name there, which has at most 15 characters.
bool describes_host(std::string_view description, std::string_view host);

enum class WithId { kYes, kNo };

// Those with a protector ID or those without one: first the keys of the computer that the description names,
// then the others; among both the newest first, then those without a date, in the order they were given.
std::vector<const RecoveryCandidate*> order_of_trial(const std::vector<RecoveryCandidate>& candidates,
                                                     WithId with_id, std::string_view description);

}  // namespace mend::bitlocker
