// SPDX-License-Identifier: GPL-3.0-or-later
// AES as BitLocker uses it: single blocks, CBC and XTS over sectors in place, CCM for keys. Part of the fence
// around OpenSSL. Key schedules live in OpenSSL's heap, which wipes them when an object goes.
//
// Invariants
//   C-3  Sectors are transformed in place; a length that is no multiple of the sector is refused before a
//   byte
//        changes (kUsage "crypto.aes.length").
//   C-4  ccm_open delivers plaintext only when the tag is right.
// Sectors are multiples of 16 bytes, 8192 at most. An object is used by one thread at a time.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/secret.h"

struct evp_cipher_ctx_st;

namespace mend::crypto {

inline constexpr size_t kAesBlockBytes = 16;
inline constexpr size_t kCcmNonceBytes = 12;
inline constexpr size_t kCcmTagBytes = 16;

enum class Direction { kEncrypt, kDecrypt };

namespace detail {
struct FreeCipherContext {
  void operator()(evp_cipher_ctx_st* context) const noexcept;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, FreeCipherContext>;
}  // namespace detail

// Independent blocks (ECB). What initial values and the diffuser's sector keys are made with.
class AesBlocks {
 public:
  // REQUIRES: 16 or 32 bytes.
  AesBlocks(Bytes key, Direction direction);
  // `in` and `out` of the same size, a multiple of 16; they may be the same memory.
  void transform(Bytes in, MutableBytes out);

 private:
  detail::CipherContext context_;
};

// CBC, a new chain for each sector.
class AesCbc {
 public:
  // REQUIRES: 16 or 32 bytes.
  AesCbc(Bytes key, Direction direction);
  // `initial_values`: 16 bytes for each sector of `sectors`.
  void transform(MutableBytes sectors, size_t sector_bytes, Bytes initial_values);

 private:
  void decrypt(MutableBytes sectors, size_t sector_bytes, Bytes initial_values);

  Direction direction_;
  detail::CipherContext context_;
  Secret scratch_;
};

// XTS, the tweak being the sector's number as 16 little-endian bytes.
class AesXts {
 public:
  // REQUIRES: 32 bytes (XTS-128) or 64 (XTS-256), data key first. kCorrupt when both halves are equal, which
  // OpenSSL refuses for encryption.
  AesXts(Bytes key, Direction direction);
  void transform(MutableBytes sectors, size_t sector_bytes, uint64_t first_sector);

 private:
  void transform_batches(MutableBytes sectors, size_t sector_bytes, uint64_t first_sector);

  AesBlocks tweaks_;
  detail::CipherContext batch_;  // the data key as a block cipher
  detail::CipherContext whole_;  // both keys, as OpenSSL's XTS
  Secret scratch_;
};

// AES-256-CCM without associated data. Nothing when the tag does not fit.
// REQUIRES: key 32 bytes, nonce 12, tag 16.
std::optional<Secret> ccm_open(Bytes key, Bytes nonce, Bytes tag, Bytes ciphertext);
// The counterpart: `ciphertext` as long as `plaintext`.
void ccm_seal(Bytes key, Bytes nonce, Bytes plaintext, MutableBytes ciphertext, MutableBytes tag);

}  // namespace mend::crypto
