// SPDX-License-Identifier: GPL-3.0-or-later
// SHA-256, and BitLocker's key stretching built on it. Part of the fence around OpenSSL: no other folder
// includes its headers. Used for file hashes, the audit chain, journals and unlocking.
//
// Invariants
//   C-1  A digest does not depend on how the input was cut into updates.
//   C-2  State that a secret passed through is wiped when its object goes.
// An object is used by one thread at a time.
#pragma once

#include <array>
#include <atomic>

#include "base/bytes.h"
#include "base/secret.h"

namespace mend::crypto {

using Sha256Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& update(Bytes bytes);
  // The digest of all updates; the object starts anew.
  Sha256Digest finish();

 private:
  alignas(16) std::array<uint8_t, 128> state_{};  // an OpenSSL SHA256_CTX, which stays inside the fence
};

Sha256Digest sha256(Bytes bytes);

inline constexpr uint64_t kStretchRounds = uint64_t{1} << 20;

// BitLocker's stretching: `rounds` times SHA-256 of {last digest, `initial`, `salt`, counter}, 88 bytes.
// REQUIRES: initial.size() == 32, salt.size() == 16.
// `done` counts finished rounds for a progress display; `stop`, when it turns true, ends the work early and
// the result is empty. Both may be null; both are looked at every 2^14 rounds.
Secret stretch(Bytes initial, Bytes salt, uint64_t rounds = kStretchRounds,
               std::atomic<uint64_t>* done = nullptr, const std::atomic<bool>* stop = nullptr);

// The same without the instructions that stretch() picks where the processor has them; what it falls back on.
Secret stretch_portable(Bytes initial, Bytes salt, uint64_t rounds);

// What stretching is measured against: `count` bare compressions of 64 bytes, one after the other, and
// nothing else. Returns the last state, so that nothing is optimised away.
Sha256Digest bare_compressions(uint64_t count);

}  // namespace mend::crypto
