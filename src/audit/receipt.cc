// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/receipt.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace mend::audit {
namespace {

// Crockford, "Base 32": digits, then letters without I, L, O, U.
constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t kBitsPerDigit = 5;
constexpr size_t kTextBytes = 10;
constexpr size_t kTextDigits = kTextBytes * 8 / kBitsPerDigit;
constexpr size_t kGroupDigits = 4;
constexpr size_t kHexDigits = 2 * std::tuple_size_v<crypto::Sha256Digest>;
constexpr size_t kMaximumTextBytes = 1000;

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool is_separator(char c) {
  return c == '-' || c == ' ' || c == '\t' || c == '.' || c == '_' || c == ':';
}

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::kUsage, "audit.receipt",
              "the receipt " + why +
                  ": it has 16 letters and digits in groups of four, as the screen showed them, or all 64 "
                  "hexadecimal digits of the closing SHA-256");
}

unsigned value_of(char c, std::string_view digits, size_t position) {
  if (digits == kDigits && c == 'O') c = '0';
  if (digits == kDigits && (c == 'I' || c == 'L')) c = '1';
  const size_t value = digits.find(c);
  if (value == std::string_view::npos)
    refuse("has a '" + printable(std::string(1, c)) + "' as its character " + std::to_string(position));
  return static_cast<unsigned>(value);
}

}  // namespace

std::string receipt_text(const crypto::Sha256Digest& closing) {
  std::string text;
  for (size_t digit = 0; digit < kTextDigits; ++digit) {
    if (digit != 0 && digit % kGroupDigits == 0) text += '-';
    unsigned value = 0;
    for (size_t bit = digit * kBitsPerDigit; bit < (digit + 1) * kBitsPerDigit; ++bit)
      value = value << 1 | ((unsigned{closing[bit / 8]} >> (7 - bit % 8)) & 1U);
    text += kDigits[value];
  }
  return text;
}

Receipt Receipt::parse(std::string_view text) {
  if (text.size() > kMaximumTextBytes) refuse("is too long");
  // As a camera reads it off the screen: a line of fields, the last of which is the closing hash.
  if (text.starts_with("MENDSTICK ")) text.remove_prefix(text.rfind(':') + 1);
  std::string digits;
  for (const char c : text) {
    if (!is_separator(c)) digits += upper(c);
  }
  const bool is_hex = digits.size() == kHexDigits;
  if (!is_hex && digits.size() != kTextDigits) refuse("has " + std::to_string(digits.size()) + " characters");
  const std::string_view alphabet = is_hex ? kDigits.substr(0, 16) : kDigits;
  const size_t bits_per_digit = is_hex ? 4 : kBitsPerDigit;
  Receipt receipt;
  receipt.size_bytes_ = digits.size() * bits_per_digit / 8;
  size_t bit = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const unsigned value = value_of(digits[i], alphabet, i + 1);
    for (size_t left = bits_per_digit; left-- > 0; ++bit)
      receipt.start_[bit / 8] =
          static_cast<uint8_t>(receipt.start_[bit / 8] | ((value >> left) & 1U) << (7 - bit % 8));
  }
  return receipt;
}

bool Receipt::fits(const crypto::Sha256Digest& closing) const {
  return std::equal(start_.begin(), start_.begin() + static_cast<std::ptrdiff_t>(size_bytes_),
                    closing.begin());
}

}  // namespace mend::audit
