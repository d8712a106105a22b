// SPDX-License-Identifier: GPL-3.0-or-later
// scrypt as libsodium parametrises it (crypto_pwhash_scryptsalsa208sha256), which minisign's secret keys are
// encrypted with. Part of the fence around libsodium.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/secret.h"

namespace mend::crypto {

inline constexpr size_t kScryptSaltBytes = 32;

struct ScryptCost {
  uint64_t operations = 0;
  uint64_t memory_bytes = 0;
};
// libsodium's "sensitive": 1 GiB of memory, some seconds. What minisign uses.
inline constexpr ScryptCost kScryptSensitive{33554432, 1073741824};

// `size_bytes` of key out of a passphrase. REQUIRES: salt.size() == kScryptSaltBytes. kIo "crypto.scrypt"
// when there is not the memory.
Secret scrypt(Bytes passphrase, Bytes salt, const ScryptCost& cost, size_t size_bytes);

}  // namespace mend::crypto
