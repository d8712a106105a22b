// SPDX-License-Identifier: GPL-3.0-or-later
// The field in which a key is typed, scanned or pasted: groups of digits that are checked one by one, or a
// password. Knows no screen; the same field serves the full screen and the lines of plain mode.
//
// Invariants
//   KE-1  What is typed lies in Secrets only. Nothing but text() and shown() gives any of it away.
//   KE-2  No key press loses more than it says: a digit too many, a letter, a second Enter change nothing.
//   KE-3  As many digits as the field takes, all groups right, one after the other without another key
//   between,
//         replace whatever was in it: that is a scanner, a paste, or somebody who began anew.
// Used from one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/secret.h"
#include "screen/keys.h"

namespace mend::console {

// How many digits, and which groups can be right.
struct DigitShape {
  int groups = 8;
  int digits = 6;  // of each group
  bool (*right)(std::string_view group);
};
// BitLocker's recovery password: each group is a multiple of 11 and below 720896.
extern const DigitShape kRecoveryShape;

class KeyField {
 public:
  enum class Form { kDigits, kPassword };
  enum class Group { kEmpty, kPartial, kRight, kWrong };
  enum class Taken { kYes, kNo, kSubmitted };
  static constexpr size_t kLongestPassword = 256;  // characters: BitLocker's own limit

  explicit KeyField(const DigitShape& shape = kRecoveryShape);

  Form form() const { return form_; }
  // Keeps what was typed in the other form.
  void set_form(Form form) { form_ = form; }
  // kNo: the key means nothing here.
  Taken take(const screen::Key& key);
  void clear();

  const DigitShape& shape() const { return shape_; }
  Group group(int index) const;
  int current() const { return current_; }
  bool complete() const;  // all groups are right; a password: there is one
  bool empty() const;
  // Number, from 1, of the first group that is typed and wrong; 0: none.
  int wrong_group() const;
  // The group as it may be on the screen, with '_' for what is missing: its digits when `visible`, else '*'.
  std::string shown(int index, bool visible) const;
  std::string shown_password(bool visible) const;
  // The digits without separators, or the password.
  Secret text() const;

 private:
  Taken take_in_digits(const screen::Key& key);
  Taken take_in_password(const screen::Key& key);
  void add_digit(char digit);
  void end_group();
  bool ends_row(char digit);
  void go_to(int group);
  void go_to_next_unfinished();
  void remove_digit();
  void remove_character();
  size_t size() const { return static_cast<size_t>(shape_.groups) * static_cast<size_t>(shape_.digits); }
  std::string_view digits_of(int group) const;

  DigitShape shape_;
  Form form_ = Form::kDigits;
  Secret digits_;            // a place for each
  std::vector<int> counts_;  // of each group
  int current_ = 0;
  bool replaces_ = false;  // the next digit begins the group anew
  Secret row_;             // the last digits that came one after the other
  size_t row_count_ = 0;
  bool shifted_row_ = false;  // the top row gives digits with Shift only, as on AZERTY
  Secret password_;
  size_t password_bytes_ = 0;
  size_t password_characters_ = 0;
};

}  // namespace mend::console
