// SPDX-License-Identifier: GPL-3.0-or-later
// Ed25519, what signatures are made of. Part of the fence around libsodium. Used by trust/, which knows the
// files. Checking (verifying.cc) and making are in files of their own, so that what only checks is not linked
// with what signs.
//
// Invariants
//   C-8  A signature that holds is the only one of its kind: one with a scalar that is not reduced, or under
//   a
//        key of small order, does not hold (libsodium refuses both).
//   C-9  Secret keys are Secrets from their making on; their bytes are in no other memory of ours.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/secret.h"

namespace mend::crypto {

using Ed25519PublicKey = std::array<uint8_t, 32>;
using Ed25519Signature = std::array<uint8_t, 64>;
inline constexpr size_t kEd25519SecretBytes = 64;  // the seed, then the public key

bool ed25519_holds(const Ed25519Signature& signature, Bytes message, const Ed25519PublicKey& key);

struct Ed25519KeyPair {
  Secret secret;  // kEd25519SecretBytes
  Ed25519PublicKey public_key{};
};
Ed25519KeyPair new_ed25519_key_pair();
// The pair of this seed and no other: whether the secret key's second half belongs to its first.
// REQUIRES: kEd25519SecretBytes.
bool is_ed25519_secret(Bytes secret_key);
// REQUIRES: kEd25519SecretBytes.
Ed25519Signature ed25519_sign(Bytes message, Bytes secret_key);

}  // namespace mend::crypto
