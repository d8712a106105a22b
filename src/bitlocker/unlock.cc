// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/unlock.h"

#include "base/error.h"
#include "base/text.h"
#include "bitlocker/candidates.h"
#include "bitlocker/entries.h"
#include "bitlocker/stretcher.h"
#include "crypto/aes.h"

namespace mend::bitlocker {
namespace {

constexpr size_t kVmkBytes = 32;

struct KeySizes {
  size_t stored;  // bytes of key in the opened FVEK entry
  size_t data;
  size_t tweak;
  size_t tweak_at;
};

KeySizes key_sizes(Method method) {
  switch (method) {
    case Method::kAesCbc128Elephant:
      return {64, 16, 16, 32};  // 32 bytes are set aside for either key
    case Method::kAesCbc256Elephant:
      return {64, 32, 32, 32};
    case Method::kAesCbc128:
      return {16, 16, 0, 0};
    case Method::kAesCbc256:
    case Method::kAesXts128:
      return {32, 32, 0, 0};
    case Method::kAesXts256:
      return {64, 64, 0, 0};
    case Method::kUnknown:
      break;
  }
  throw Error(ErrorCode::kUnsupported, "bitlocker.fvek.method",
              "an unknown encryption method has no key size");
}

std::optional<Secret> open_sealed(const SealedKey& sealed, Bytes key) {
  return crypto::ccm_open(key, sealed.nonce, sealed.tag, sealed.ciphertext);
}

// The VMK, when `key` opens the protector's sealed copy of it.
std::optional<Secret> open_vmk(const Protector& protector, Bytes key) {
  if (!protector.sealed_vmk || key.size() != 32) return std::nullopt;
  const std::optional<Secret> opened = open_sealed(*protector.sealed_vmk, key);
  if (!opened) return std::nullopt;
  const std::optional<Bytes> vmk = key_in_opened_entry(opened->bytes());
  if (!vmk || vmk->size() != kVmkBytes)
    throw Error(
        ErrorCode::kCorrupt, "bitlocker.vmk.form",
        "the key fits protector " + protector.info.id.to_string() + ", but what it opens is no volume key");
  return Secret(*vmk);
}

bool hash_fits(const Metadata& metadata, Bytes vmk) {
  if (metadata.version() == 1) return true;  // has none
  if (!metadata.sealed_hash()) return false;
  const std::optional<Secret> opened = open_sealed(*metadata.sealed_hash(), vmk);
  if (!opened) return false;
  const std::optional<Bytes> hash = key_in_opened_entry(opened->bytes());
  return hash && equal_constant_time(*hash, metadata.block_hash());
}

// U-2: the copy whose sealed hash fits; all copies are sealed with the same VMK.
const Metadata& vouched_copy(const Metadata& metadata, Bytes vmk) {
  if (hash_fits(metadata, vmk)) return metadata;
  for (const Metadata& other : metadata.alternatives()) {
    if (hash_fits(other, vmk)) return other;
  }
  throw Error(ErrorCode::kCorrupt, "bitlocker.hash",
              "the key fits, but the BitLocker metadata is not what was sealed with it: it was damaged or "
              "tampered with");
}

std::shared_ptr<const VolumeKeys> open_fvek(const Metadata& metadata, Bytes vmk) {
  if (!metadata.sealed_fvek())
    throw Error(ErrorCode::kCorrupt, "bitlocker.fvek.missing",
                "the BitLocker metadata holds no volume encryption key");
  const std::optional<Secret> opened = open_sealed(*metadata.sealed_fvek(), vmk);
  if (!opened)
    throw Error(ErrorCode::kCorrupt, "bitlocker.fvek.open",
                "the key fits, but the volume encryption key in the BitLocker metadata is damaged");
  const KeySizes sizes = key_sizes(metadata.method());
  const std::optional<Bytes> key = key_in_opened_entry(opened->bytes());
  if (!key || key->size() != sizes.stored)
    throw Error(ErrorCode::kCorrupt, "bitlocker.fvek.form",
                "the volume encryption key has not the size that its method needs");
  return std::make_shared<const VolumeKeys>(metadata.method(), Secret(key->first(sizes.data)),
                                            Secret(key->subspan(sizes.tweak_at, sizes.tweak)),
                                            metadata.block_hash());
}

Unlocked finish(const Metadata& metadata, const Protector& protector, const Secret& vmk) {
  const Metadata& vouched = vouched_copy(metadata, vmk.bytes());
  if (vouched.unsupported())  // an altered copy may have hidden it
    throw Error(ErrorCode::kUnsupported, vouched.unsupported()->id, vouched.unsupported()->reason);
  return {protector.info.id, protector.info.type, open_fvek(vouched, vmk.bytes()),
          std::make_shared<const Metadata>(vouched)};
}

std::optional<Unlocked> try_clear_keys(const Metadata& metadata) {
  for (const Protector& protector : metadata.protector_details()) {
    if (protector.info.type != ProtectorType::kClearKey || !protector.clear_key) continue;
    if (const auto vmk = open_vmk(protector, protector.clear_key->bytes()))
      return finish(metadata, protector, *vmk);
  }
  return std::nullopt;
}

std::optional<Unlocked> try_startup_keys(const Metadata& metadata, const std::vector<StartupKey>& keys) {
  for (const Protector& protector : metadata.protector_details()) {
    if (protector.info.type != ProtectorType::kStartupKey) continue;
    for (const StartupKey& key : keys) {
      if (key.key_id() != protector.info.id) continue;
      if (const auto vmk = open_vmk(protector, key.key())) return finish(metadata, protector, *vmk);
    }
  }
  return std::nullopt;
}

bool is_stretchable(const Protector& protector, ProtectorType type) {
  return protector.info.type == type && protector.salt && protector.sealed_vmk;
}

// A digest that lives in a Secret only.
Secret secret_hash(Bytes bytes) {
  crypto::Sha256Digest digest = crypto::sha256(bytes);
  Secret secret{Bytes(digest)};
  wipe(digest);
  return secret;
}

// SHA-256 of the SHA-256 of the password in UTF-16, without a terminating zero.
Secret hash_password(std::string_view utf8) {
  std::u16string text = to_utf16(utf8);
  Secret units(text.size() * sizeof(char16_t));
  for (size_t i = 0; i < text.size(); ++i) write_le<uint16_t>(units.bytes(), i * sizeof(char16_t), text[i]);
  wipe({reinterpret_cast<uint8_t*>(text.data()), text.size() * sizeof(char16_t)});
  return secret_hash(secret_hash(units.bytes()).bytes());
}

void add_recovery_passwords(StretchPlan& plan, const Metadata& metadata, const Credentials& credentials,
                            WithId with_id) {
  for (const RecoveryCandidate* candidate :
       order_of_trial(credentials.recovery, with_id, metadata.description())) {
    const Secret initial = secret_hash(candidate->password.key_words());
    for (const Protector& protector : metadata.protector_details()) {
      if (!is_stretchable(protector, ProtectorType::kRecoveryPassword)) continue;
      if (candidate->protector_id && *candidate->protector_id != protector.info.id) continue;
      plan.add(protector, initial.bytes());
    }
  }
}

void add_passwords(StretchPlan& plan, const Metadata& metadata, const std::vector<Secret>& passwords) {
  for (const Secret& password : passwords) {
    const Secret initial = hash_password(password.text());
    for (const Protector& protector : metadata.protector_details()) {
      if (is_stretchable(protector, ProtectorType::kPassword)) plan.add(protector, initial.bytes());
    }
  }
}

}  // namespace

VolumeKeys::VolumeKeys(Method method, Secret data_key, Secret tweak_key,
                       const crypto::Sha256Digest& metadata_hash)
    : method_(method),
      data_key_(std::move(data_key)),
      tweak_key_(std::move(tweak_key)),
      metadata_hash_(metadata_hash) {
  const KeySizes sizes = key_sizes(method_);
  if (data_key_.size() != sizes.data || tweak_key_.size() != sizes.tweak)
    throw Error(ErrorCode::kCorrupt, "bitlocker.fvek.size",
                "a key of the wrong size for " + std::string(to_string(method_)));
}

std::optional<Unlocked> unlock(const Metadata& metadata, const Credentials& credentials,
                               const std::function<void(double)>& progress) {
  if (metadata.unsupported())
    throw Error(ErrorCode::kUnsupported, metadata.unsupported()->id, metadata.unsupported()->reason);
  if (auto unlocked = try_clear_keys(metadata)) return unlocked;
  if (auto unlocked = try_startup_keys(metadata, credentials.startup_keys)) return unlocked;

  StretchPlan plan;
  const auto run_added_since = [&](size_t first) -> std::optional<Unlocked> {
    const std::optional<StretchPlan::Fit> fit = plan.run(first, open_vmk, progress);
    if (!fit) return std::nullopt;
    return finish(metadata, *fit->protector, fit->vmk);
  };
  // One stage after the other, so that a key which is known to belong here is not delayed by those that may
  // not.
  add_recovery_passwords(plan, metadata, credentials, WithId::kYes);
  if (auto unlocked = run_added_since(0)) return unlocked;
  const size_t without_id = plan.size();
  add_recovery_passwords(plan, metadata, credentials, WithId::kNo);
  if (auto unlocked = run_added_since(without_id)) return unlocked;
  const size_t passwords = plan.size();
  add_passwords(plan, metadata, credentials.passwords);
  if (auto unlocked = run_added_since(passwords)) return unlocked;
  return std::nullopt;
}

}  // namespace mend::bitlocker
