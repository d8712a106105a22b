// SPDX-License-Identifier: GPL-3.0-or-later
// What sealed keyrings and sealed logs are made of, each by its name in libsodium: Argon2id for passphrases,
// keyed BLAKE2b for everything derived, XChaCha20-Poly1305 for what is sealed, X25519 sealed boxes for who
// may open it, secretstream for logs. The fence around libsodium: no other folder includes its header.
//
// Invariants
//   C-5  Plaintext is given out only when its tag is right.
//   C-6  Keys, and what is opened, are in Secrets; nothing of them stays in a buffer of this file's.
//   C-7  A cost over kMostMemoryKib or kMostWork is refused before any memory is taken, so that no file can
//        ask for more than a small PC has.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/secret.h"

namespace mend::crypto {

inline constexpr size_t kSealKeyBytes = 32;
inline constexpr size_t kSealNonceBytes = 24;
inline constexpr size_t kSealTagBytes = 16;

// BLAKE2b of the parts, one after the other, keyed. `out` has 16 to 64 bytes and says how long the digest is;
// an empty key gives plain BLAKE2b. REQUIRES: a key of 0 or 16 to 64 bytes.
void blake2b(Bytes key, std::initializer_list<Bytes> parts, MutableBytes out);
// The same into a Secret, for keys.
Secret derive_key(Bytes key, std::initializer_list<Bytes> parts, size_t size_bytes = kSealKeyBytes);

// What one guess costs: passes over the memory.
struct PassphraseCost {
  uint32_t passes = 3;
  uint32_t memory_kib = 128 * 1024;
  bool operator==(const PassphraseCost&) const = default;
};
inline constexpr uint32_t kLeastMemoryKib = 8;
inline constexpr uint32_t kMostMemoryKib = 256 * 1024;
inline constexpr uint64_t kMostWork = uint64_t{32} * 128 * 1024;  // passes × KiB
bool is_bearable(const PassphraseCost& cost);

// Argon2id 1.3, one lane: 32 bytes. REQUIRES: a salt of 16 bytes. kRefused "crypto.passphrase.cost" (C-7);
// kIo "crypto.passphrase.memory" when the machine has not that much memory.
Secret stretch_passphrase(Bytes passphrase, Bytes salt, const PassphraseCost& cost);

// XChaCha20-Poly1305: ciphertext, then the tag. REQUIRES: key 32 bytes, nonce 24.
ByteVector seal(Bytes key, Bytes nonce, Bytes associated, Bytes plaintext);
// Nothing when the tag does not fit (C-5).
std::optional<Secret> open_sealed(Bytes key, Bytes nonce, Bytes associated, Bytes sealed);

// Somebody's X25519 keys. What is sealed to the public one, only the private one opens.
using PublicKey = std::array<uint8_t, 32>;
struct KeyPair {
  PublicKey public_key{};
  Secret private_key;  // 32 bytes
};
KeyPair make_key_pair();
// REQUIRES: 32 bytes.
KeyPair key_pair_from(Secret private_key);

inline constexpr size_t kSealedBoxBytes = 48;  // more than the plaintext
// An anonymous sealed box. kUsage "crypto.box.key": a public key that is no point.
ByteVector seal_to(const PublicKey& recipient, Bytes plaintext);
std::optional<Secret> open_box(const KeyPair& recipient, Bytes box);

// A row of messages under one key: none can be left out, doubled or moved without being found, and the last
// one is marked. Messages are opened in the order in which they were sealed.
inline constexpr size_t kStreamHeaderBytes = 24;
inline constexpr size_t kStreamOverheadBytes = 17;  // of each message
enum class StreamEnd { kMore, kLast };

class StreamSealer {
 public:
  // REQUIRES: key 32 bytes.
  explicit StreamSealer(Bytes key);
  const std::array<uint8_t, kStreamHeaderBytes>& header() const { return header_; }
  ByteVector seal(Bytes message, StreamEnd end);

 private:
  Secret state_;
  std::array<uint8_t, kStreamHeaderBytes> header_{};
};

class StreamOpener {
 public:
  // REQUIRES: key 32 bytes, header 24.
  StreamOpener(Bytes key, Bytes header);
  struct Message {
    ByteVector bytes;
    StreamEnd end = StreamEnd::kMore;
  };
  // Nothing when it is not the next message of this stream; the opener stays where it was.
  std::optional<Message> open(Bytes sealed);

 private:
  Secret state_;
};

// Equal or not, in a time that depends on the sizes only (sodium_memcmp). For tags.
bool same_tag(Bytes a, Bytes b);

}  // namespace mend::crypto
