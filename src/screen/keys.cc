// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen/keys.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace mend::screen {
namespace {

constexpr char kEsc = 0x1b;

Key of(KeyCode code) {
  return Key{code, 0, 0, {}};
}
Key function(int number) {
  return Key{KeyCode::kFunction, 0, number, {}};
}
Key character(char32_t c) {
  return Key{KeyCode::kCharacter, c, 0, {}};
}

// Cursor keys and their like, by the letter that ends their sequence.
std::optional<Key> by_letter(char letter) {
  switch (letter) {
    case 'A':
      return of(KeyCode::kUp);
    case 'B':
      return of(KeyCode::kDown);
    case 'C':
      return of(KeyCode::kRight);
    case 'D':
      return of(KeyCode::kLeft);
    case 'F':
      return of(KeyCode::kEnd);
    case 'H':
      return of(KeyCode::kHome);
    case 'M':
      return of(KeyCode::kEnter);  // of the number pad
    case 'Z':
      return of(KeyCode::kBackTab);
    default:
      break;
  }
  if (letter >= 'P' && letter <= 'S') return function(letter - 'P' + 1);
  return std::nullopt;
}

// A number pad in application mode: ESC O and one letter.
std::optional<Key> by_keypad_letter(char letter) {
  if (letter >= 'p' && letter <= 'y') return character(U'0' + static_cast<char32_t>(letter - 'p'));
  if (letter == 'm') return character(U'-');
  if (letter == 'n') return character(U'.');
  return by_letter(letter);
}

// ESC [ NUMBER ~
std::optional<Key> by_number(int number) {
  constexpr std::array<int, 12> kFunctions = {11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24};
  for (size_t i = 0; i < kFunctions.size(); ++i) {
    if (kFunctions[i] == number) return function(static_cast<int>(i) + 1);
  }
  switch (number) {
    case 1:
    case 7:
      return of(KeyCode::kHome);
    case 3:
      return of(KeyCode::kDelete);
    case 4:
    case 8:
      return of(KeyCode::kEnd);
    case 5:
      return of(KeyCode::kPageUp);
    case 6:
      return of(KeyCode::kPageDown);
    default:
      return std::nullopt;
  }
}

int number_in(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9' || value > 9999) break;
    value = value * 10 + (c - '0');
  }
  return value;
}

// What stands between ESC [ and the letter that ends it.
std::optional<Key> by_parameters(std::string_view parameters, char end) {
  const size_t semicolon = parameters.find(';');
  const int first = number_in(parameters);
  if (end == '~') return by_number(first);
  if (end == 'R' && semicolon != std::string_view::npos)
    return Key{KeyCode::kCursorReport, 0, 0, {first, number_in(parameters.substr(semicolon + 1))}};
  return by_letter(end);  // with modifiers, which do not matter
}

std::optional<Key> by_control(char c) {
  switch (c) {
    case '\r':
    case '\n':
      return of(KeyCode::kEnter);
    case '\t':
      return of(KeyCode::kTab);
    case '\b':
    case 0x7f:
      return of(KeyCode::kBackspace);
    case 0x0c:
      return of(KeyCode::kRedraw);
    default:
      return std::nullopt;
  }
}

constexpr size_t kIncomplete = 0;
constexpr size_t kRoom = 1024;  // so that what was typed is not moved about in memory

void add(Keys& keys, const std::optional<Key>& key) {
  if (key) keys.push_back(*key);
}

// ESC [ …; the number of bytes it took.
size_t take_csi(Keys& keys, std::string_view bytes) {
  if (bytes.size() == 2) return kIncomplete;
  if (bytes[2] == '[') {  // the Linux console's F1 to F5: ESC [ [ A
    if (bytes.size() == 3) return kIncomplete;
    if (bytes[3] >= 'A' && bytes[3] <= 'E') keys.push_back(function(bytes[3] - 'A' + 1));
    return 4;
  }
  for (size_t at = 2; at < bytes.size(); ++at) {
    const char c = bytes[at];
    if (c >= 0x40 && c <= 0x7e) {
      add(keys, by_parameters(bytes.substr(2, at - 2), c));
      return at + 1;
    }
    if (c < 0x20 || c > 0x3f) return at;  // no sequence after all
  }
  return bytes.size() >= KeyDecoder::kLongestSequence ? bytes.size() : kIncomplete;
}

size_t take_escape(Keys& keys, std::string_view bytes) {
  if (bytes.size() == 1) return kIncomplete;
  const char second = bytes[1];
  if (second == '[') return take_csi(keys, bytes);
  if (second == 'O') {
    if (bytes.size() == 2) return kIncomplete;
    add(keys, by_keypad_letter(bytes[2]));
    return 3;
  }
  // Alt and a digit, or Esc and then a digit: the function keys of terminals that have none.
  if (second >= '1' && second <= '9') return keys.push_back(function(second - '0')), 2;
  if (second == '0') return keys.push_back(function(10)), 2;
  keys.push_back(of(KeyCode::kEscape));
  return 1;
}

size_t take_utf8(Keys& keys, std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const size_t length = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
  if (length == 1) {  // a terminal that speaks Latin-1
    if (first >= 0xa0) keys.push_back(character(first));
    return 1;
  }
  for (size_t i = 1; i < std::min(length, bytes.size()); ++i) {
    if ((static_cast<unsigned char>(bytes[i]) & 0xc0) == 0x80) continue;
    keys.push_back(character(first));
    return 1;
  }
  if (bytes.size() < length) return kIncomplete;
  const DecodedCharacter decoded = decode_utf8(bytes, 0);
  if (decoded.length == 0) return length;
  keys.push_back(character(decoded.code_point));
  return decoded.length;
}

}  // namespace

// One key from the front; the number of bytes it took, 0 when more must come first.
size_t KeyDecoder::next(Keys& keys, std::string_view bytes) const {
  const char first = bytes[0];
  if (first == kEsc) return take_escape(keys, bytes);
  if (static_cast<unsigned char>(first) >= 0x80) return take_utf8(keys, bytes);
  if (first >= 0x20 && first < 0x7f) {
    keys.push_back(character(static_cast<char32_t>(first)));
  } else {
    add(keys, by_control(first));
  }
  return 1;
}

// KY-2: the bytes do not stay behind.
void KeyDecoder::forget(size_t count) {
  const size_t left = held_.size() - count;
  std::memmove(held_.data(), held_.data() + count, left);
  explicit_bzero(held_.data() + left, count);
  held_.resize(left);
}

Keys KeyDecoder::take(std::string& bytes, Clock::time_point now) {
  Keys keys;
  held_.reserve(std::max<size_t>(held_.capacity(), kRoom));
  held_ += bytes;
  explicit_bzero(bytes.data(), bytes.size());
  bytes.clear();
  size_t at = 0;
  while (at < held_.size()) {
    const size_t took = next(keys, std::string_view(held_).substr(at));
    if (took == kIncomplete) break;
    at += took;
  }
  forget(at);
  held_since_ = now;
  return keys;
}

Keys KeyDecoder::rest(Clock::time_point now) {
  Keys keys;
  if (held_.empty() || now - held_since_ < kEscapeDelay) return keys;
  if (held_ == std::string(1, kEsc)) keys.push_back(of(KeyCode::kEscape));
  for (const char byte : held_) {  // what began like UTF-8 came from a terminal that speaks Latin-1
    const auto value = static_cast<unsigned char>(byte);
    if (held_.front() != kEsc && value >= 0xa0) keys.push_back(character(value));
  }
  forget(held_.size());
  return keys;
}

}  // namespace mend::screen
