// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/scrypt.h"

#include <sodium.h>

#include <string>

#include "base/error.h"
#include "crypto/sodium.h"

namespace mend::crypto {

static_assert(kScryptSaltBytes == crypto_pwhash_scryptsalsa208sha256_SALTBYTES);
static_assert(kScryptSensitive.operations == crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE &&
              kScryptSensitive.memory_bytes == crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE);

Secret scrypt(Bytes passphrase, Bytes salt, const ScryptCost& cost, size_t size_bytes) {
  start_library();
  Secret key(size_bytes);
  const int failed = ::crypto_pwhash_scryptsalsa208sha256(
      key.bytes().data(), key.size(), as_text(passphrase).data(), passphrase.size(), salt.data(),
      cost.operations, static_cast<size_t>(cost.memory_bytes));
  if (failed != 0)
    throw Error(ErrorCode::kIo, "crypto.scrypt",
                "no key can be made from the passphrase: " + std::to_string(cost.memory_bytes >> 20) +
                    " MiB of memory are needed for that and not there");
  return key;
}

}  // namespace mend::crypto
