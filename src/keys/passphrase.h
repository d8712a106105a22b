// SPDX-License-Identifier: GPL-3.0-or-later
// The passphrase of a keyring. As a rule it is generated: five groups of six digits, each checked like the
// groups of a recovery password, 80 bits of chance in all, typed in the same field and the same on every
// keyboard layout. A preparer may choose a text instead. Used by what seals and opens keyrings.
//
// Invariants
//   PP-1  The text is in a Secret; no message holds any of it.
//   PP-2  Digits are checked group by group before anything is stretched; the message names the wrong group.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/secret.h"

namespace mend::keys {

inline constexpr size_t kPassphraseGroups = 5;
inline constexpr size_t kLeastPassphraseCharacters = 12;  // of a text

enum class PassphraseForm : uint32_t { kDigits = 1, kText = 2 };

class Passphrase {
 public:
  // Of random digits.
  static Passphrase generate();
  // What a preparer chose, without its line end: five good groups of digits, else a text. kUsage
  // "keys.passphrase.short", "keys.passphrase.text" (no UTF-8, a control character).
  static Passphrase choose(std::string_view text);
  // What a technician typed for a keyring of that form. kUsage as bitlocker::parse_digit_groups();
  // "keys.passphrase.empty".
  static Passphrase parse(PassphraseForm form, std::string_view text);

  PassphraseForm form() const { return form_; }
  // Digits: "123456-123456-…". What is stretched, and what is printed on the card.
  const Secret& text() const { return text_; }

 private:
  Passphrase(PassphraseForm form, Secret text) : form_(form), text_(std::move(text)) {}

  PassphraseForm form_;
  Secret text_;
};

}  // namespace mend::keys
