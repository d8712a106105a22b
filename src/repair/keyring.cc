// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/keyring.h"

#include <algorithm>

#include "base/text.h"

namespace mend::repair {
namespace {

using bitlocker::ProtectorType;
using keys::Keyring;

// A drive whose protection is suspended opens by itself.
bool wants_key(const Volume& volume) {
  if (!volume.metadata || volume.metadata->unsupported()) return false;
  const auto& protectors = volume.metadata->protectors();
  return std::none_of(protectors.begin(), protectors.end(), [](const bitlocker::ProtectorInfo& protector) {
    return protector.type == ProtectorType::kClearKey;
  });
}

// The description reads "HOST X: date".
std::string host_of(const Volume& volume) {
  const std::string& text = volume.metadata->description();
  return text.substr(0, text.find(' '));
}

std::vector<keys::Wanted> wanted_by(const std::vector<Volume>& volumes) {
  std::vector<keys::Wanted> all;
  for (const Volume& volume : volumes) {
    if (!wants_key(volume)) continue;
    keys::Wanted& wanted = all.emplace_back();
    wanted.host = host_of(volume);
    for (const bitlocker::ProtectorInfo& protector : volume.metadata->protectors()) {
      if (protector.type == ProtectorType::kRecoveryPassword) wanted.recovery_ids.push_back(protector.id);
      if (protector.type == ProtectorType::kStartupKey) wanted.startup_ids.push_back(protector.id);
    }
  }
  return all;
}

KeyQuestion question_for(const Keyring& keyring) {
  KeyQuestion question;
  question.kind = KeyQuestion::Kind::kKeyring;
  question.name = keyring.name();
  question.description =
      keyring.info().customer + ", sealed " + to_iso8601(keyring.info().sealed).substr(0, 10);
  question.digits = keyring.info().form == keys::PassphraseForm::kDigits;
  return question;
}

void take(const Keyring& keyring, const Secret& typed, const std::vector<keys::Wanted>& wanted,
          Request& request, Operator& person) {
  const keys::Passphrase passphrase = keys::Passphrase::parse(keyring.info().form, typed.text());
  person.progress(Phase::kUnlock, "the keyring", -1);
  const keys::OpenKeyring open = keyring.open(passphrase);
  request.keyring_use = {KeyringUse::Outcome::kOpened, "", 0};
  for (const keys::Wanted& one : wanted) request.keyring_use.keys += open.take(one, request.credentials);
}

bool is_about_the_passphrase(const Error& error) {
  return error.code() == ErrorCode::kWrongKey || error.code() == ErrorCode::kUsage;
}

// True once it is settled, one way or the other.
bool take_with_answer(KeyQuestion& question, const std::vector<keys::Wanted>& wanted, Request& request,
                      Operator& person) {
  const KeyAnswer answer = person.key(question);
  if (answer.skips()) {
    request.keyring_use = {KeyringUse::Outcome::kSkipped, "no passphrase was given", 0};
    return true;
  }
  try {
    take(*request.keyring, answer.passphrase, wanted, request, person);
  } catch (const Error& error) {
    if (!is_about_the_passphrase(error)) throw;
    question.why_not = error.what();
    return false;
  }
  return true;
}

void settle(const std::vector<keys::Wanted>& wanted, Request& request, Operator& person) {
  if (!request.keyring_passphrase.empty()) {
    const Secret given = std::move(request.keyring_passphrase);
    try {
      return take(*request.keyring, given, wanted, request, person);
    } catch (const Error& error) {
      if (!is_about_the_passphrase(error)) throw;
      throw Error(ErrorCode::kUsage, "repair.keyring.passphrase", error.what());
    }
  }
  KeyQuestion question = question_for(*request.keyring);
  do stop_if_asked(person);
  while (!take_with_answer(question, wanted, request, person));
}

}  // namespace

void take_keys(const std::vector<Volume>& volumes, Request& request, Operator& person) {
  // Once a boot: what was taken stays in the credentials.
  if (!request.keyring || request.keyring_use.outcome == KeyringUse::Outcome::kOpened) return;
  const std::vector<keys::Wanted> wanted = wanted_by(volumes);
  if (wanted.empty()) return;
  try {
    settle(wanted, request, person);
  } catch (const Error& error) {
    const std::string_view id = error.id();
    if (id == "repair.stopped" || id == "repair.keyring.passphrase") throw;
    request.keyring_use = {KeyringUse::Outcome::kFailed, error.what(), 0};  // RK-3
    person.tell(error.what());
  }
  if (request.keyring_use.outcome == KeyringUse::Outcome::kOpened && request.keyring_use.keys == 0)
    person.tell("the keyring holds no key for a drive of this PC");
}

}  // namespace mend::repair
