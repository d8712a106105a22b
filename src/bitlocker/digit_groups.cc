// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/digit_groups.h"

#include <vector>

#include "base/error.h"

namespace mend::bitlocker {
namespace {

constexpr size_t kGroupDigits = 6;
constexpr uint32_t kDivisor = 11;

enum class Kind { kDigit, kSeparator, kIgnored, kOther };

struct Symbol {
  Kind kind = Kind::kOther;
  uint8_t digit = 0;
};

bool is_dash(char32_t c) {
  return c == '-' || c == '_' || c == 0xAD || (c >= 0x2010 && c <= 0x2015) || c == 0x2043 || c == 0x2212 ||
         c == 0x30FC || c == 0xFE58 || c == 0xFE63 || c == 0xFF0D;
}
bool is_space(char32_t c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x202F || c == 0x3000;
}
// Marks without a width that copying from a web page brings along.
bool is_invisible(char32_t c) {
  return c == 0xFEFF || (c >= 0x200B && c <= 0x200F) || c == 0x202A || c == 0x202C || c == 0x2060;
}

Symbol classify(char32_t c) {
  if (c >= '0' && c <= '9') return {Kind::kDigit, static_cast<uint8_t>(c - '0')};
  if (c >= 0xFF10 && c <= 0xFF19) return {Kind::kDigit, static_cast<uint8_t>(c - 0xFF10)};  // full width
  if (is_dash(c) || is_space(c)) return {Kind::kSeparator, 0};
  if (is_invisible(c) || c == '"' || c == '\'') return {Kind::kIgnored, 0};
  return {};
}

// The next character of UTF-8 text without keeping it anywhere; anything malformed counts as one foreign
// character.
char32_t next_character(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  const char32_t first = byte(at++);
  const size_t more = first < 0xC2   ? 0
                      : first < 0xE0 ? 1
                      : first < 0xF0 ? 2
                                     : 0;  // none beyond U+FFFF matters
  if (more == 0) return first < 0x80 ? first : 0xFFFD;
  char32_t c = first & (0x3Fu >> more);
  for (size_t i = 0; i < more; ++i) {
    if (at == text.size() || (byte(at) & 0xC0) != 0x80) return 0xFFFD;
    c = (c << 6) | (byte(at++) & 0x3F);
  }
  return c;
}

struct Digits {
  explicit Digits(size_t wanted_groups) : values(wanted_groups * kGroupDigits), sizes(wanted_groups) {}

  Secret values;              // 0 to 9
  size_t count = 0;           // may exceed what is wanted
  std::vector<size_t> sizes;  // digits in each group that separators make
  size_t groups = 0;
};

Digits collect_digits(std::string_view text, size_t wanted_groups, const std::string& noun) {
  Digits digits(wanted_groups);
  bool in_group = false;
  for (size_t at = 0; at < text.size();) {
    const Symbol symbol = classify(next_character(text, at));
    if (symbol.kind == Kind::kOther) {
      throw Error(ErrorCode::kUsage, "bitlocker.recovery.character",
                  "a " + noun + " is made of " + std::to_string(digits.values.size()) +
                      " digits; there is another character after digit " + std::to_string(digits.count));
    }
    if (symbol.kind == Kind::kSeparator) in_group = false;
    if (symbol.kind != Kind::kDigit) continue;
    if (!in_group) ++digits.groups;
    in_group = true;
    if (digits.groups <= wanted_groups) ++digits.sizes[digits.groups - 1];
    if (digits.count < digits.values.size()) digits.values.bytes()[digits.count] = symbol.digit;
    ++digits.count;
  }
  return digits;
}

void check_lengths(const Digits& digits, const std::string& noun) {
  // Where the groups can be told apart, the one that is too short or too long is named.
  if (digits.groups == digits.sizes.size()) {
    for (size_t group = 0; group < digits.groups; ++group) {
      if (digits.sizes[group] == kGroupDigits) continue;
      throw Error(ErrorCode::kUsage, "bitlocker.recovery.group_length",
                  "group " + std::to_string(group + 1) + " of the " + noun + " has " +
                      std::to_string(digits.sizes[group]) + " digits, not 6");
    }
  }
  if (digits.count == digits.values.size()) return;
  throw Error(ErrorCode::kUsage, "bitlocker.recovery.length",
              "a " + noun + " has " + std::to_string(digits.values.size()) + " digits in " +
                  std::to_string(digits.sizes.size()) + " groups of 6; there are " +
                  std::to_string(digits.count) + " digits");
}

}  // namespace

Secret parse_digit_groups(std::string_view text, size_t groups, const std::string& noun) {
  const Digits digits = collect_digits(text, groups, noun);
  check_lengths(digits, noun);
  Secret words(groups * 2);
  std::string wrong;
  for (size_t group = 0; group < groups; ++group) {
    uint32_t value = 0;
    for (size_t i = 0; i < kGroupDigits; ++i)
      value = value * 10 + digits.values.bytes()[group * kGroupDigits + i];
    if (value % kDivisor != 0 || value / kDivisor > UINT16_MAX) {
      wrong += (wrong.empty() ? "" : ", ") + std::to_string(group + 1);
      continue;
    }
    write_le<uint16_t>(words.bytes(), group * 2, static_cast<uint16_t>(value / kDivisor));
  }
  if (!wrong.empty()) {
    throw Error(ErrorCode::kUsage, "bitlocker.recovery.group",
                "mistyped " + noun + ", wrong in group " + wrong +
                    " (each group of six digits is a multiple of 11 and below 720896)");
  }
  return words;
}

Secret show_digit_groups(Bytes words) {
  constexpr size_t kStride = kGroupDigits + 1;  // a group and its hyphen
  const size_t groups = words.size() / 2;
  if (groups == 0) return {};
  Secret text(groups * kStride - 1);
  for (size_t group = 0; group < groups; ++group) {
    uint32_t value = uint32_t{read_le<uint16_t>(words, group * 2)} * kDivisor;
    for (size_t i = kGroupDigits; i-- > 0; value /= 10)
      text.bytes()[group * kStride + i] = static_cast<uint8_t>('0' + value % 10);
    if (group + 1 < groups) text.bytes()[group * kStride + kGroupDigits] = '-';
  }
  return text;
}

}  // namespace mend::bitlocker
