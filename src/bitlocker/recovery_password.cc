// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/digit_groups.h"
#include "bitlocker/keys.h"

namespace mend::bitlocker {

constexpr size_t kRecoveryGroups = 8;

RecoveryPassword RecoveryPassword::parse(std::string_view text) {
  return RecoveryPassword(parse_digit_groups(text, kRecoveryGroups, "recovery password"));
}

RecoveryPassword RecoveryPassword::from_words(Bytes words) {
  return RecoveryPassword(Secret(slice(words, 0, kRecoveryGroups * 2)));
}

}  // namespace mend::bitlocker
