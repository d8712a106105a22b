// SPDX-License-Identifier: GPL-3.0-or-later
// Makes a sealed keyring. Used by `mendstick keys seal`; `mend` only reads them.
//
// Invariants
//   KS-1  Every sealing has a new master secret, a new salt and a new ID: rows of two keyrings never fit each
//         other, and an old one tells nothing of a new one.
//   KS-2  Only the recipient's public key is here; a private one is never asked for.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "bitlocker/keys.h"
#include "crypto/sealing.h"
#include "keys/passphrase.h"

namespace mend::keys {

struct SealRequest {
  std::string customer;
  std::string build;
  Time sealed{};
  crypto::PassphraseCost cost;
  std::optional<crypto::PublicKey> recipient;
  // Another source of random bytes than the system's: for test vectors.
  std::function<void(MutableBytes)> random_bytes;
};

// The recovery passwords and startup keys as the file that Keyring reads; passwords are not sealed.
// kRefused "keys.keyring.many": over kMaximumKeyringBytes.
ByteVector seal_keyring(const bitlocker::Credentials& credentials, const Passphrase& passphrase,
                        const SealRequest& request);

}  // namespace mend::keys
