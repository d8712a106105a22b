// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/signing.h"

#include <sodium.h>

#include "crypto/random.h"

namespace mend::crypto {
namespace {

constexpr size_t kSeedBytes = 32;
static_assert(kEd25519SecretBytes == crypto_sign_SECRETKEYBYTES && kSeedBytes == crypto_sign_SEEDBYTES);

}  // namespace

Ed25519KeyPair new_ed25519_key_pair() {
  Secret seed(kSeedBytes);
  random_bytes(seed.bytes());
  Ed25519KeyPair pair{Secret(kEd25519SecretBytes), {}};
  ::crypto_sign_seed_keypair(pair.public_key.data(), pair.secret.bytes().data(), seed.bytes().data());
  return pair;
}

bool is_ed25519_secret(Bytes secret_key) {
  Ed25519PublicKey public_key{};
  Secret again(kEd25519SecretBytes);
  ::crypto_sign_seed_keypair(public_key.data(), again.bytes().data(), secret_key.data());
  return equal_constant_time(again.bytes(), secret_key);
}

Ed25519Signature ed25519_sign(Bytes message, Bytes secret_key) {
  Ed25519Signature signature{};
  ::crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_key.data());
  return signature;
}

}  // namespace mend::crypto
