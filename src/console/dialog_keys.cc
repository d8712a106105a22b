// SPDX-License-Identifier: GPL-3.0-or-later
// The page on which a key is typed.
#include <fmt/format.h>

#include "base/error.h"
#include "console/dialog.h"
#include "console/layouts.h"
#include "console/texts.h"

namespace mend::console {
namespace {

using repair::KeyQuestion;
using screen::Key;
using screen::KeyCode;
using screen::Style;

bool is_keyring(const KeyEntry& entry) {
  return entry.question.kind == KeyQuestion::Kind::kKeyring;
}

bitlocker::Credentials credentials_of(const KeyField& field) {
  bitlocker::Credentials credentials;
  if (field.form() == KeyField::Form::kPassword) {
    credentials.passwords.push_back(field.text());
  } else {
    credentials.recovery.push_back(
        {std::nullopt, {}, bitlocker::RecoveryPassword::parse(field.text().text())});
  }
  return credentials;
}

}  // namespace

void Dialog::key_on_key_page(const Key& key) {
  KeyEntry& entry = *model_.key;
  if (key.code == KeyCode::kFunction) return function_on_key_page(key.function);
  if (key.code == KeyCode::kEscape) {
    if (!entry.asked) to(Page::kWorking);
    return;
  }
  if (entry.trying) return;
  after_typing(entry.field.take(key), key);
}

void Dialog::after_typing(KeyField::Taken taken, const Key& key) {
  KeyEntry& entry = *model_.key;
  entry.skip_once = false;
  if (taken == KeyField::Taken::kSubmitted) return submit_key();
  if (taken == KeyField::Taken::kYes) give_up_answer();
  entry.message = {};
  if (taken == KeyField::Taken::kNo) {
    if (key.code == KeyCode::kCharacter)
      entry.message = {is_keyring(entry) ? texts::kOnlyDigitsPassphrase : texts::kOnlyDigits, Style::kPlain};
    return;
  }
  if (entry.field.form() == KeyField::Form::kPassword) return;
  if (const int wrong = entry.field.wrong_group(); wrong != 0)
    entry.message = {fmt::format(texts::kGroupIsWrong, wrong), Style::kBad};
  else if (entry.field.complete())
    entry.message = {texts::kAllRight, Style::kGood};
}

// Of a field that is complete; the field keeps what was typed until the answer is known to fit.
void Dialog::submit_key() {
  KeyEntry& entry = *model_.key;
  if (!has_answer()) {
    if (is_keyring(entry)) {
      answer_.passphrase = entry.field.text();
    } else {
      answer_.credentials = credentials_of(entry.field);
    }
  }
  entry.waits_for_stick = model_.stick_away;
  if (entry.waits_for_stick) {
    entry.message = {texts::kTriedWhenBack, Style::kStrong};
    return;
  }
  entry.trying = true;
  entry.message = {texts::kTrying, Style::kPlain};
  if (!entry.asked) return do_it(Effect::Kind::kKeyReady);
  to(Page::kWorking);
  do_it(Effect::Kind::kAnswerKey);
}

// One that was held back, and is changed.
void Dialog::give_up_answer() {
  if (!model_.key->waits_for_stick) return;
  model_.key->waits_for_stick = false;
  answer_ = {};
}

void Dialog::function_on_key_page(int number) {
  KeyEntry& entry = *model_.key;
  if (number != 6) entry.skip_once = false;
  if (number == 2) entry.visible = !entry.visible;
  if (entry.trying) return;
  switch (number) {
    case 3:
      if (is_keyring(entry)) return;
      entry.message = {};
      give_up_answer();
      entry.field.set_form(entry.field.form() == KeyField::Form::kDigits ? KeyField::Form::kPassword
                                                                         : KeyField::Form::kDigits);
      return;
    case 4:
      if (is_keyring(entry)) return;
      entry.message = {texts::kLooking, Style::kPlain};
      return do_it(Effect::Kind::kFindKeyFiles);
    case 5:
      if (!is_keyring(entry)) do_it(Effect::Kind::kReadKeysAgain);
      return;
    case 6:
      return skip();
    case 7:
      if (entry.field.form() != KeyField::Form::kPassword) return;
      entry.layout = (entry.layout + 1) % layout_count();
      effects_.push_back({Effect::Kind::kLayout, false, Choice::kBack, entry.layout, stick::Next::kRestart});
      return;
    default:
      return;
  }
}

void Dialog::skip() {
  KeyEntry& entry = *model_.key;
  if (!entry.asked) return to(Page::kWorking);
  if (!entry.field.empty() && !entry.skip_once) {
    entry.skip_once = true;
    entry.message = {texts::kSkipAgain, Style::kStrong};
    return;
  }
  answer_ = {};
  model_.key.reset();
  to(Page::kWorking);
  do_it(Effect::Kind::kAnswerKey);
}

void Dialog::keys_found(bitlocker::Credentials credentials, const std::string& where) {
  if (!model_.key || model_.key->trying || model_.key->waits_for_stick || is_keyring(*model_.key)) return;
  KeyEntry& entry = *model_.key;
  if (credentials.empty()) {
    entry.message = {where, Style::kBad};
    return;
  }
  tell(fmt::format(texts::kKeysRead, where));
  answer_.credentials = std::move(credentials);
  submit_key();
}

}  // namespace mend::console
