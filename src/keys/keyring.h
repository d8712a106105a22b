// SPDX-License-Identifier: GPL-3.0-or-later
// The sealed keyring: a customer's keys on a stick, of use only with a passphrase or with the MSP's private
// key. Read here; keyring_seal.h makes one. `mend` opens it once a boot, for the volumes that are there;
// `mendstick` checks it before it goes onto a stick. FORMAT.md is the format.
//
// Invariants
//   KR-1  Without the secret the file shows how many keys it holds to the next 64, for which customer it was
//         sealed and when; neither a host nor an ID.
//   KR-2  A file that was cut, mixed or changed is found: by its checksum before anyone types a passphrase,
//         by its MAC before a key is taken from it.
//   KR-3  Taking the keys of one volume opens the rows of that volume only; no other key gets into memory.
//   KR-4  The master secret and what is derived from it go with the OpenKeyring.
//   KR-5  No file makes it take more memory than twice kMaximumKeyringBytes and what crypto C-7 allows.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bitlocker/keys.h"
#include "crypto/sealing.h"
#include "keys/passphrase.h"

namespace mend::keys {

inline constexpr uint64_t kMaximumKeyringBytes = uint64_t{64} * 1024 * 1024;

// What the header says. Believed only once the keyring is open; before that anyone may have written it.
struct KeyringInfo {
  std::array<uint8_t, 16> id{};
  std::string customer;  // printable
  std::string build;     // the customer's build number; may be empty
  Time sealed{};         // whole seconds
  uint32_t rows = 0;     // keys, filled up
  PassphraseForm form = PassphraseForm::kDigits;
  crypto::PassphraseCost cost;
  std::optional<crypto::PublicKey> recipient;
};

// The keys that fit one volume.
struct Wanted {
  std::vector<Guid> recovery_ids;  // of its recovery passwords
  std::vector<Guid> startup_ids;   // of its startup keys
  std::string host;                // by its description; may be empty
};

namespace keyring_format {
struct Subkeys;
struct Header;
}  // namespace keyring_format

class OpenKeyring;

class Keyring {
 public:
  // kCorrupt "keys.keyring.…", kUnsupported (a later version), kRefused (a cost over the bounds), each with
  // what is wrong; kUsage and kIo of read_file().
  static Keyring load(const std::string& path);
  // The same for bytes; `name` is for messages.
  static Keyring parse(ByteVector file, const std::string& name);

  const KeyringInfo& info() const { return info_; }
  const std::string& name() const { return name_; }
  Bytes bytes() const { return *file_; }

  // kWrongKey "keys.keyring.passphrase"; kCorrupt "keys.keyring.mac": changed by someone since it was
  // sealed. Takes about a second.
  OpenKeyring open(const Passphrase& passphrase) const;
  // kWrongKey "keys.keyring.recipient".
  OpenKeyring open(const crypto::KeyPair& recipient) const;

 private:
  Keyring() = default;
  OpenKeyring open_with(const Secret& master) const;

  std::string name_;
  KeyringInfo info_;
  std::shared_ptr<const ByteVector> file_;  // ciphertext
  std::shared_ptr<const keyring_format::Header> header_;
};

class OpenKeyring {
 public:
  OpenKeyring(OpenKeyring&&) noexcept;
  OpenKeyring& operator=(OpenKeyring&&) noexcept;
  ~OpenKeyring();

  // Adds the keys that fit the volume: those under its protectors' IDs; where none of its recovery
  // passwords has one there, those that were exported without an ID, under its host's name or under none.
  // How many were added.
  size_t take(const Wanted& wanted, bitlocker::Credentials& into) const;
  // Every key. For the MSP's own host, never for a stick.
  bitlocker::Credentials take_all() const;

 private:
  friend class Keyring;
  OpenKeyring(std::shared_ptr<const ByteVector> file, const KeyringInfo& info,
              std::unique_ptr<keyring_format::Subkeys> keys);
  Bytes row(size_t index) const;
  std::optional<size_t> find(Bytes tag) const;

  std::shared_ptr<const ByteVector> file_;
  std::array<uint8_t, 16> id_{};
  size_t rows_ = 0;
  std::unique_ptr<keyring_format::Subkeys> keys_;
};

}  // namespace mend::keys
