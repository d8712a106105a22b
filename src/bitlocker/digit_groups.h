// SPDX-License-Identifier: GPL-3.0-or-later
// Secrets as digits that can be typed on any keyboard and checked while they are: groups of six digits, each
// a multiple of 11 whose eleventh is a 16-bit word. A recovery password has eight of them; the passphrase of
// a keyring has five. Nothing of the digits is in a message or outside of a Secret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace mend::bitlocker {

// Digits in groups or in one row → the words, little-endian, two bytes for each group. Hyphens, dashes of
// other scripts, spaces, tabs, quotes at the ends and a trailing line end are taken, and so are digits of
// other scripts (full width). `noun` is for messages: "recovery password". kUsage
// "bitlocker.recovery.length", "…character", "…group_length", "…group": says how many digits there are, or
// which group is wrong, never what it holds.
Secret parse_digit_groups(std::string_view text, size_t groups, const std::string& noun);

// The counterpart: groups of six digits with hyphens between.
Secret show_digit_groups(Bytes words);

}  // namespace mend::bitlocker
