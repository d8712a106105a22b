// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/passphrase.h"

#include "base/error.h"
#include "base/text.h"
#include "bitlocker/digit_groups.h"
#include "crypto/random.h"

namespace mend::keys {
namespace {

constexpr const char* kNoun = "passphrase of a keyring";

std::string_view without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// In characters; kUsage where it is no text of one line.
size_t length_of(std::string_view text) {
  size_t characters = 0;
  for (size_t at = 0; at < text.size(); ++characters) {
    const DecodedCharacter character = decode_utf8(text, at);
    if (character.length == 0 || character.code_point < 0x20 || character.code_point == 0x7f) {
      throw Error(ErrorCode::kUsage, "keys.passphrase.text",
                  "the passphrase has to be one line of UTF-8; what stands after character " +
                      std::to_string(characters) + " is no such text");
    }
    at += character.length;
  }
  return characters;
}

Secret digits_of(std::string_view text) {
  return bitlocker::show_digit_groups(bitlocker::parse_digit_groups(text, kPassphraseGroups, kNoun).bytes());
}

}  // namespace

Passphrase Passphrase::generate() {
  Secret words(kPassphraseGroups * 2);
  crypto::random_bytes(words.bytes());
  return {PassphraseForm::kDigits, bitlocker::show_digit_groups(words.bytes())};
}

Passphrase Passphrase::choose(std::string_view text) {
  text = without_line_end(text);
  try {
    return {PassphraseForm::kDigits, digits_of(text)};
  } catch (const Error& error) {
    // Thirty digits are meant as groups; anything else is a text.
    if (std::string_view(error.id()) == "bitlocker.recovery.group") throw;
  }
  const size_t characters = length_of(text);
  if (characters < kLeastPassphraseCharacters) {
    throw Error(ErrorCode::kUsage, "keys.passphrase.short",
                "the passphrase has " + std::to_string(characters) +
                    " characters; who finds the stick can guess "
                    "as long as they like, so it needs " +
                    std::to_string(kLeastPassphraseCharacters) +
                    " at least. Without one, digits are generated");
  }
  return {PassphraseForm::kText, Secret(text)};
}

Passphrase Passphrase::parse(PassphraseForm form, std::string_view text) {
  text = without_line_end(text);
  if (text.empty()) throw Error(ErrorCode::kUsage, "keys.passphrase.empty", "no passphrase was given");
  return {form, form == PassphraseForm::kDigits ? digits_of(text) : Secret(text)};
}

}  // namespace mend::keys
