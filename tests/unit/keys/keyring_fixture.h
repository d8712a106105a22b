// SPDX-License-Identifier: GPL-3.0-or-later
// Keys of nobody, sealed cheaply, and keyrings with a hole made in them.
#pragma once

#include <string>

#include "base/text.h"
#include "keys/keyring.h"
#include "keys/keyring_format.h"
#include "keys/keyring_seal.h"

namespace mend::keys::test {

inline constexpr crypto::PassphraseCost kCheap{1, 64};

// Eight groups 11 n, 11 (n + 1), …
inline bitlocker::RecoveryPassword password(uint16_t n) {
  ByteVector words(16);
  for (size_t i = 0; i < 8; ++i) write_le<uint16_t>(words, 2 * i, static_cast<uint16_t>(n + i));
  return bitlocker::RecoveryPassword::from_words(words);
}

// Not `guid`, which key_files.h has in the same program.
inline Guid sealed_id(uint32_t n) {
  Guid id;
  id.bytes.fill(0x40);
  write_le<uint32_t>(id.bytes, 0, n);
  return id;
}

inline void add(bitlocker::Credentials& to, uint16_t n, std::optional<Guid> id, std::string host) {
  to.recovery.push_back({id, std::move(host), password(n)});
}

// One of each class, and two of some.
inline bitlocker::Credentials sample_keys() {
  bitlocker::Credentials keys;
  add(keys, 100, sealed_id(1), "PC01");
  add(keys, 200, sealed_id(2), "PC02");
  add(keys, 250, sealed_id(2), "PC02");  // one ID, two keys: which is the right one is not known
  add(keys, 300, std::nullopt, "PC03.corp.example");
  add(keys, 400, std::nullopt, "pc03");
  add(keys, 500, std::nullopt, "");
  keys.startup_keys.push_back(
      bitlocker::StartupKey::from_parts(sealed_id(9), sealed_id(10), ByteVector(32, 0x77)));
  return keys;
}

inline SealRequest sample_request() {
  SealRequest request;
  request.customer = "Example GmbH";
  request.build = "17";
  request.sealed = parse_iso8601("2026-11-25T12:00:00Z").value();
  request.cost = kCheap;
  return request;
}

// A valid passphrase that is nobody's.
inline constexpr const char* kDigits = "000011-000022-000033-000044-000055";

inline ByteVector sample_keyring(const SealRequest& request = sample_request()) {
  return seal_keyring(sample_keys(), Passphrase::choose(kDigits), request);
}

// Makes the checksum good again, as someone would who has read the format.
inline void mend_checksum(ByteVector& file) {
  const size_t end = file.size() - keyring_format::kEndBytes;
  const auto checksum = keyring_format::checksum_of(Bytes(file).first(end));
  std::copy(checksum.begin(), checksum.end(), file.begin() + static_cast<ptrdiff_t>(end));
}

}  // namespace mend::keys::test
