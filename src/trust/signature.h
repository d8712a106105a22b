// SPDX-License-Identifier: GPL-3.0-or-later
// Signatures and public keys in the format of minisign, so that either program checks what the other signed.
// Used by the stick (profile/, mend/) and by `mendstick`. Checks only: secret keys are in secret_key.h, which
// is in no program of the stick. FORMAT.md describes the files.
//
// Invariants
//   TR-1  A signature that holds was made with the secret key of that public key, over exactly these bytes
//   and
//         exactly this trusted comment; the untrusted comment proves nothing and is not looked at.
//   TR-2  Any bit changed, cut off or put in elsewhere is found, also where base 64 has two spellings.
//   TR-3  Every fault of a file names file and line.
// Values; copyable.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/signing.h"

namespace mend::trust {

inline constexpr size_t kMaximumFileBytes = 16 * 1024;  // of a signature or a key
inline constexpr std::string_view kSignatureSuffix = ".minisig";

// What tells keys apart; 8 random bytes, no fingerprint.
using KeyId = std::array<uint8_t, 8>;
// "E7620F1842B4E81F", as minisign shows it: last byte first.
std::string to_text(const KeyId& id);

struct PublicKey {
  KeyId id{};
  crypto::Ed25519PublicKey key{};
};
// kCorrupt "trust.…" (TR-3). `file` is for messages.
PublicKey parse_public_key(std::string_view text, const std::string& file);
// kUsage when it cannot be read.
PublicKey load_public_key(const std::string& path);
std::string to_file_text(const PublicKey& key);

struct Signature {
  // Over the bytes themselves ("Ed", of old programs), or over their BLAKE2b-512 ("ED").
  enum class Kind { kWhole, kHashed };
  Kind kind = Kind::kHashed;
  KeyId key_id{};
  crypto::Ed25519Signature signature{};
  std::string trusted_comment;
  crypto::Ed25519Signature global{};  // over the signature and the trusted comment
};
// kCorrupt "trust.…" (TR-3).
Signature parse_signature(std::string_view text, const std::string& file);
std::string to_file_text(const Signature& signature);

// TR-1. False also when the signature is by another key.
bool holds(const Signature& signature, Bytes content, const PublicKey& key);

// What the signature is made over, and what the global one is.
ByteVector signed_bytes(Signature::Kind kind, Bytes content);
ByteVector globally_signed_bytes(const Signature& signature);

}  // namespace mend::trust
