// SPDX-License-Identifier: GPL-3.0-or-later
// The bytes of a sealed keyring: header, rows, and what is derived from its master secret. FORMAT.md is the
// specification, with test vectors. Private to keyring.cc, keyring_seal.cc and their tests.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/guid.h"
#include "bitlocker/keys.h"
#include "crypto/sealing.h"
#include "keys/keyring.h"

namespace mend::keys::keyring_format {

inline constexpr std::string_view kMagic = "MENDKEYR";
inline constexpr uint32_t kVersion = 1;
inline constexpr size_t kHeaderBytes = 512;
inline constexpr size_t kBoundBytes = 256;  // what the sealed master secret is bound to
inline constexpr size_t kMasterBytes = 32;
inline constexpr size_t kTagBytes = 16;
inline constexpr size_t kRowBytes = 192;
inline constexpr size_t kEntryBytes = kRowBytes - kTagBytes - crypto::kSealTagBytes;  // before sealing
inline constexpr size_t kHashBytes = 32;
inline constexpr size_t kEndBytes = 2 * kHashBytes;  // checksum, MAC
inline constexpr uint32_t kRowUnit = 64;             // filled up to a multiple of it
inline constexpr size_t kCustomerBytes = 80;
inline constexpr size_t kBuildBytes = 64;
inline constexpr size_t kHostBytes = 80;

struct Header {
  KeyringInfo info;
  std::array<uint8_t, 16> salt{};
  ByteVector sealed_master;  // to the passphrase
  ByteVector boxed_master;   // to the recipient; empty: none
};

// The first 256 bytes: everything but the sealed master secret.
std::array<uint8_t, kBoundBytes> encode_bound(const Header& header);
ByteVector encode_header(const Header& header);
// Checks every field and the size of the file. kCorrupt, kUnsupported, kRefused "keys.keyring.…".
Header decode_header(Bytes file, const std::string& name);

// What the master secret is good for.
struct Subkeys {
  Secret index;  // of the rows' tags
  Secret rows;   // of the rows' keys
  Secret file;   // of the MAC
};
Subkeys derive(const Secret& master);

// How a row is found.
enum class Class : uint8_t { kRecoveryId = 1, kStartupId = 2, kHost = 3, kNameless = 4 };
using Tag = std::array<uint8_t, kTagBytes>;
// `ordinal`: 0 for the first row of its class and subject, 1 for the second…
Tag tag_of(const Subkeys& keys, Class of, uint32_t ordinal, Bytes subject);

// What a row holds.
struct Entry {
  enum class Kind : uint8_t { kRecovery = 1, kStartup = 2 };
  Kind kind = Kind::kRecovery;
  std::optional<Guid> id;      // of the protector
  std::optional<Guid> volume;  // of a startup key
  Time created{};              // 1970: not known
  std::string host;
  Secret key;  // 16 bytes, 32 of a startup key
};
Secret encode_entry(const Entry& entry);
// kCorrupt "keys.keyring.entry".
Entry decode_entry(Bytes bytes);

// A whole row: its tag, then the entry, sealed under a key of its own.
ByteVector seal_row(const Subkeys& keys, Bytes keyring_id, const Tag& tag, Bytes entry);
// Nothing when this row was not sealed in this place of this keyring.
std::optional<Secret> open_row(const Subkeys& keys, Bytes keyring_id, Bytes row);

// The end of the file: over all that stands before it.
std::array<uint8_t, kHashBytes> checksum_of(Bytes before_end);
std::array<uint8_t, kHashBytes> mac_of(const Subkeys& keys, Bytes checksum);

}  // namespace mend::keys::keyring_format
