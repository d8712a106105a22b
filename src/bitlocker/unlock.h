// SPDX-License-Identifier: GPL-3.0-or-later
// From credentials to the volume's keys: clear key or startup key or stretched password → VMK → FVEK.
//
// Invariants
//   U-1  No protector is stretched for a key that cannot fit it: a recovery password with a protector ID is
//   tried on
//        that protector only, one without an ID on recovery protectors, a password on password protectors; no
//        pair is tried twice.
//   U-2  Keys are given out only after the sealed hash of the metadata was opened with the VMK and fits
//   (version 2). U-3  All keys and what they are derived from live in Secrets.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "bitlocker/keys.h"
#include "bitlocker/metadata.h"

namespace mend::bitlocker {

// The FVEK, and the diffuser's tweak key. Knows no device; may be shared.
class VolumeKeys {
 public:
  // REQUIRES: data_key of 16, 32 (CBC), 32, 64 (XTS) bytes as the method wants; tweak_key as data_key with
  // Elephant, else empty. kCorrupt "bitlocker.fvek.size" otherwise.
  // `metadata_hash`: Metadata::block_hash() of the metadata they were unlocked with.
  VolumeKeys(Method method, Secret data_key, Secret tweak_key, const crypto::Sha256Digest& metadata_hash);

  Method method() const { return method_; }
  Bytes data_key() const { return data_key_.bytes(); }
  Bytes tweak_key() const { return tweak_key_.bytes(); }
  const crypto::Sha256Digest& metadata_hash() const { return metadata_hash_; }

 private:
  Method method_;
  Secret data_key_;
  Secret tweak_key_;
  crypto::Sha256Digest metadata_hash_;
};

struct Unlocked {
  Guid protector_id;
  ProtectorType type = ProtectorType::kOther;
  std::shared_ptr<const VolumeKeys> keys;
  // The copy of the metadata that the sealed hash vouches for, to build UnlockedVolume with: the one that was
  // given, or one of its alternatives where the given one was altered.
  std::shared_ptr<const Metadata> metadata;
};

// Tries the clear key, then startup keys, recovery passwords (those with a fitting protector ID first, then
// those without one, of which those of the computer that the volume names go first, and newer ones before
// older), then passwords. Stretches on all cores when there is more than one to stretch. Nothing
// when none fits. `progress` gets 0 to 1 of each
// of these stages, on the caller's thread, ten times a second; what it throws ends the work within
// milliseconds and comes out of here. kUnsupported with metadata.unsupported()'s id and reason. kCorrupt
// "bitlocker.hash": a key fits, but the sealed hash of the metadata does not: it was tampered with or
// damaged.
std::optional<Unlocked> unlock(const Metadata& metadata, const Credentials& credentials,
                               const std::function<void(double)>& progress = {});

}  // namespace mend::bitlocker
