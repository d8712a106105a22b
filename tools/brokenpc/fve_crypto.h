// SPDX-License-Identifier: GPL-3.0-or-later
// The cryptography of the BitLocker writer, straight on OpenSSL and apart from src/crypto on purpose. Only
// ever holds keys of rehearsal images.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "tools/brokenpc/brokenpc.h"

namespace mend::brokenpc {

ByteVector sha256(Bytes data);
// Feeds in pieces; the digest comes out once.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  void update(Bytes data);
  ByteVector finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// 2^20 rounds over { last hash, initial hash, salt, count }; 32 bytes.
ByteVector stretch_key(Bytes initial_hash, Bytes salt);
// AES-256-CCM with a nonce of 12 bytes; delivers the tag of 16 bytes, then the ciphertext.
ByteVector seal_ccm(Bytes key, Bytes nonce, Bytes plain);

// Bytes of the key that the metadata hold for a method. With the diffuser 64: the key in the first half, the
// tweak key in the second, each padded to 32.
size_t volume_key_bytes(Method method);

// Encrypts whole sectors in place. The offset counts from the volume's start.
class SectorCipher {
 public:
  SectorCipher(Method method, Bytes key, uint32_t sector_bytes);
  ~SectorCipher();
  void encrypt(uint64_t offset, MutableBytes data);

 private:
  struct Contexts;
  void encrypt_sector(uint64_t offset, MutableBytes sector);

  std::unique_ptr<Contexts> contexts_;
  Method method_;
  uint32_t sector_bytes_;
};

}  // namespace mend::brokenpc
