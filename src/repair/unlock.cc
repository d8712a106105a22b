// SPDX-License-Identifier: GPL-3.0-or-later
#include "repair/unlock.h"

#include "base/text.h"

namespace mend::repair {
namespace {

using bitlocker::ProtectorType;

EncryptionReport describe(const bitlocker::Metadata& metadata) {
  EncryptionReport report;
  report.method = bitlocker::to_string(metadata.method());
  report.description = printable(metadata.description());
  for (const bitlocker::ProtectorInfo& protector : metadata.protectors()) {
    report.protectors.push_back(std::string(bitlocker::to_string(protector.type)) + " " +
                                protector.id.to_string());
    if (protector.type == ProtectorType::kRecoveryPassword)
      report.recovery_ids.push_back(protector.id.to_string());
  }
  return report;
}

// The protectors a key is wanted for, as the screen and the reason name them.
std::string wanted(const EncryptionReport& encryption) {
  std::string text;
  for (const std::string& id : encryption.recovery_ids) text += (text.empty() ? "" : ", ") + id;
  return text.empty() ? "no key given fits, and the volume has no recovery password"
                      : "no key given fits; wanted: the recovery password with the ID " + text;
}

KeyQuestion question_for(const Volume& volume) {
  KeyQuestion question;
  question.name = volume.name;
  question.disk = volume.report.disk;
  question.partition = volume.report.partition;
  question.size_bytes = volume.report.size_bytes;
  question.description = volume.report.encryption->description;
  question.protectors = volume.metadata->protectors();
  return question;
}

constexpr const char* kAnswered = "repair.unlock.answered";  // the search ends, since the person has a key

// True when one of the credentials opened the volume.
bool try_credentials(Volume& volume, const bitlocker::Credentials& credentials, Operator& person,
                     const std::function<void()>& between) {
  const auto progress = [&](double fraction) {
    stop_if_asked(person);
    between();
    person.progress(Phase::kUnlock, volume.name, fraction);
  };
  auto unlocked = bitlocker::unlock(*volume.metadata, credentials, progress);
  if (!unlocked) return false;
  volume.report.encryption->protector_id = unlocked->protector_id.to_string();
  volume.report.encryption->protector_type = bitlocker::to_string(unlocked->type);
  volume.keys = std::move(unlocked->keys);
  volume.metadata = std::move(unlocked->metadata);
  return true;
}

// The same with what is at hand, which the person may end by a key of their own.
bool search(Volume& volume, const bitlocker::Credentials& credentials, Operator& person) {
  person.searching(question_for(volume));
  try {
    return try_credentials(volume, credentials, person, [&] {
      if (person.has_key()) throw Error(ErrorCode::kRefused, kAnswered, "the person has a key");
    });
  } catch (const Error& error) {
    if (std::string_view(error.id()) != kAnswered) throw;
    return unlock_by_person(volume, person);
  }
}

std::string why_not(const bitlocker::Credentials& credentials) {
  if (!credentials.startup_keys.empty() || credentials.recovery.size() + credentials.passwords.size() > 1)
    return "None of these keys opens this drive.";
  return credentials.passwords.empty() ? "This recovery key does not open this drive."
                                       : "This password does not open this drive.";
}

}  // namespace

void read_metadata(Volume& volume) {
  volume.metadata =
      std::make_shared<const bitlocker::Metadata>(bitlocker::Metadata::read(*volume.before.partition));
  volume.report.encryption = describe(*volume.metadata);
  if (const auto reason = volume.metadata->unsupported_reason()) {
    throw Error(ErrorCode::kUnsupported, "repair.look.bitlocker", *reason);
  }
}

void unlock(Volume& volume, const bitlocker::Credentials& credentials, Operator& person) {
  if (!search(volume, credentials, person))
    throw Error(ErrorCode::kWrongKey, "repair.look.locked", wanted(*volume.report.encryption));
}

bool unlock_by_person(Volume& volume, Operator& person) {
  KeyQuestion question = question_for(volume);
  for (;;) {
    stop_if_asked(person);
    const KeyAnswer answer = person.key(question);
    if (answer.skips()) {
      volume.skipped = true;
      return false;
    }
    if (try_credentials(volume, answer.credentials, person, [] {})) return true;
    question.why_not = why_not(answer.credentials);
  }
}

}  // namespace mend::repair
