// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/key_field.h"

#include <algorithm>

#include "base/text.h"

namespace mend::console {
namespace {

using screen::Key;
using screen::KeyCode;

bool right_in_recovery(std::string_view group) {
  uint32_t value = 0;
  for (const char c : group) value = value * 10 + static_cast<uint32_t>(c - '0');
  return value % 11 == 0 && value < 720896;
}

// The top row of keyboards that give digits with Shift only, from 1 to 0: French, Belgian, Czech. '-' and '_'
// are on it too, and separators elsewhere: they count when the row is known to be such a one.
char digit_without_shift(char32_t c) {
  switch (c) {
    case U'&':
    case U'+':
      return '1';
    case U'é':
    case U'ě':
      return '2';
    case U'"':
    case U'š':
      return '3';
    case U'\'':
    case U'č':
      return '4';
    case U'(':
    case U'ř':
      return '5';
    case U'§':
    case U'ž':
      return '6';
    case U'è':
    case U'ý':
      return '7';
    case U'!':
    case U'á':
      return '8';
    case U'ç':
    case U'í':
      return '9';
    case U'à':
      return '0';
    default:
      return 0;
  }
}

bool is_separator(char32_t c) {
  return c == U'-' || c == U' ' || c == U'_' || c == U'.' || c == U',' || c == U'/';
}

}  // namespace

const DigitShape kRecoveryShape{8, 6, right_in_recovery};

KeyField::KeyField(const DigitShape& shape)
    : shape_(shape),
      digits_(size()),
      counts_(static_cast<size_t>(shape.groups)),
      row_(size()),
      password_(kLongestPassword * 4) {}

void KeyField::clear() {
  wipe(digits_.bytes());
  wipe(row_.bytes());
  wipe(password_.bytes());
  std::fill(counts_.begin(), counts_.end(), 0);
  row_count_ = password_bytes_ = password_characters_ = 0;
  go_to(0);
}

std::string_view KeyField::digits_of(int group) const {
  const size_t start = static_cast<size_t>(group) * static_cast<size_t>(shape_.digits);
  return digits_.text().substr(start, static_cast<size_t>(counts_[static_cast<size_t>(group)]));
}

KeyField::Group KeyField::group(int index) const {
  const std::string_view digits = digits_of(index);
  if (digits.empty()) return Group::kEmpty;
  if (digits.size() < static_cast<size_t>(shape_.digits)) return Group::kPartial;
  return shape_.right(digits) ? Group::kRight : Group::kWrong;
}

bool KeyField::complete() const {
  if (form_ == Form::kPassword) return password_bytes_ != 0;
  for (int i = 0; i < shape_.groups; ++i) {
    if (group(i) != Group::kRight) return false;
  }
  return true;
}

bool KeyField::empty() const {
  if (form_ == Form::kPassword) return password_bytes_ == 0;
  return std::all_of(counts_.begin(), counts_.end(), [](int count) { return count == 0; });
}

// A group that was left before it was full is wrong too.
int KeyField::wrong_group() const {
  for (int i = 0; i < shape_.groups; ++i) {
    if (group(i) == Group::kWrong || (group(i) == Group::kPartial && i != current_)) return i + 1;
  }
  return 0;
}

std::string KeyField::shown(int index, bool visible) const {
  const std::string_view digits = digits_of(index);
  std::string text = visible ? std::string(digits) : std::string(digits.size(), '*');
  text.resize(static_cast<size_t>(shape_.digits), '_');
  return text;
}

std::string KeyField::shown_password(bool visible) const {
  if (visible) return std::string(password_.text().substr(0, password_bytes_));
  return std::string(password_characters_, '*');
}

Secret KeyField::text() const {
  if (form_ == Form::kPassword) return Secret(password_.bytes().first(password_bytes_));
  Secret all(size());
  size_t at = 0;
  for (int i = 0; i < shape_.groups; ++i) {
    for (const char digit : digits_of(i)) all.bytes()[at++] = static_cast<uint8_t>(digit);
  }
  all.shrink(at);
  return all;
}

KeyField::Taken KeyField::take(const Key& key) {
  return form_ == Form::kPassword ? take_in_password(key) : take_in_digits(key);
}

KeyField::Taken KeyField::take_in_digits(const Key& key) {
  if (key.code != KeyCode::kCharacter) row_count_ = 0;
  switch (key.code) {
    case KeyCode::kCharacter:
      break;
    case KeyCode::kEnter:
      if (complete()) return Taken::kSubmitted;
      if (group(current_) == Group::kRight || wrong_group() != 0) go_to_next_unfinished();
      return Taken::kYes;
    case KeyCode::kBackspace:
      return remove_digit(), Taken::kYes;
    case KeyCode::kDelete:
      counts_[static_cast<size_t>(current_)] = 0;
      return Taken::kYes;
    case KeyCode::kLeft:
    case KeyCode::kBackTab:
      return go_to(current_ - 1), Taken::kYes;
    case KeyCode::kRight:
    case KeyCode::kTab:
      return go_to(current_ + 1), Taken::kYes;
    case KeyCode::kHome:
      return go_to(0), Taken::kYes;
    case KeyCode::kEnd:
      return go_to(shape_.groups - 1), Taken::kYes;
    default:
      return Taken::kNo;
  }
  const char32_t c = key.character;
  if (c >= U'0' && c <= U'9') {
    shifted_row_ = false;
    return add_digit(static_cast<char>(c)), Taken::kYes;
  }
  if (const char digit = digit_without_shift(c); digit != 0) {
    shifted_row_ = true;
    return add_digit(digit), Taken::kYes;
  }
  if ((shifted_row_ || empty()) && (c == U'-' || c == U'_')) {
    shifted_row_ = true;
    return add_digit(c == U'-' ? '6' : '8'), Taken::kYes;
  }
  if (!is_separator(c)) return Taken::kNo;
  end_group();
  return Taken::kYes;
}

void KeyField::add_digit(char digit) {
  int& count = counts_[static_cast<size_t>(current_)];
  if (replaces_) count = 0;
  replaces_ = false;
  if (count < shape_.digits) {
    const size_t start = static_cast<size_t>(current_) * static_cast<size_t>(shape_.digits);
    digits_.bytes()[start + static_cast<size_t>(count++)] = static_cast<uint8_t>(digit);
    if (count == shape_.digits) go_to_next_unfinished();
  }
  if (!ends_row(digit)) return;
  std::copy_n(row_.bytes().data(), size(), digits_.bytes().data());
  std::fill(counts_.begin(), counts_.end(), shape_.digits);
  row_count_ = 0;
  current_ = shape_.groups - 1;
  go_to_next_unfinished();
}

// A separator after some digits ends the group, which is then too short; elsewhere it means nothing.
void KeyField::end_group() {
  if (group(current_) == Group::kPartial && !replaces_) go_to(current_ + 1);
}

// KE-3: true when the digits in a row, this one the last, are all that the field takes, and right.
bool KeyField::ends_row(char digit) {
  uint8_t* row = row_.bytes().data();
  if (row_count_ == size()) std::copy(row + 1, row + row_count_--, row);
  row[row_count_++] = static_cast<uint8_t>(digit);
  if (row_count_ != size()) return false;
  const auto digits = static_cast<size_t>(shape_.digits);
  for (size_t at = 0; at < size(); at += digits) {
    if (!shape_.right(row_.text().substr(at, digits))) return false;
  }
  return true;
}

void KeyField::go_to(int group) {
  current_ = std::clamp(group, 0, shape_.groups - 1);
  replaces_ = counts_[static_cast<size_t>(current_)] == shape_.digits;
}

// Where there is something left to type, from here on around; stays, full, when there is nothing.
void KeyField::go_to_next_unfinished() {
  for (int i = 1; i <= shape_.groups; ++i) {
    const int next = (current_ + i) % shape_.groups;
    if (group(next) != Group::kRight) return go_to(next);
  }
}

void KeyField::remove_digit() {
  if (counts_[static_cast<size_t>(current_)] == 0 && current_ > 0) --current_;
  int& count = counts_[static_cast<size_t>(current_)];
  if (count > 0) --count;
  replaces_ = false;
}

KeyField::Taken KeyField::take_in_password(const Key& key) {
  switch (key.code) {
    case KeyCode::kCharacter: {
      if (password_characters_ == kLongestPassword) return Taken::kYes;
      char bytes[4];
      const size_t length = encode_utf8(key.character, bytes);
      std::copy_n(bytes, length, password_.bytes().data() + password_bytes_);
      wipe({reinterpret_cast<uint8_t*>(bytes), sizeof bytes});
      password_bytes_ += length;
      ++password_characters_;
      return Taken::kYes;
    }
    case KeyCode::kBackspace:
      return remove_character(), Taken::kYes;
    case KeyCode::kEnter:
      return complete() ? Taken::kSubmitted : Taken::kYes;
    default:
      return Taken::kNo;
  }
}

void KeyField::remove_character() {
  if (password_bytes_ == 0) return;
  do --password_bytes_;
  while (password_bytes_ != 0 && (password_.bytes()[password_bytes_] & 0xC0) == 0x80);
  --password_characters_;
}

}  // namespace mend::console
