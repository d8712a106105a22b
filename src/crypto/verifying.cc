// SPDX-License-Identifier: GPL-3.0-or-later
#include <sodium.h>

#include "crypto/signing.h"

namespace mend::crypto {

bool ed25519_holds(const Ed25519Signature& signature, Bytes message, const Ed25519PublicKey& key) {
  return ::crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

}  // namespace mend::crypto
