// SPDX-License-Identifier: GPL-3.0-or-later
// The MSP's X25519 keys as text: the public one stands in profiles and on command lines, the private one in a
// file on the MSP's own host, never on a stick.
//
//   mendstick-public-<72 hexadecimal digits>     the key and four bytes of its BLAKE2b, so that a slip is
//   mendstick-private-<72 hexadecimal digits>    found before anything is sealed to nobody
#pragma once

#include <string>
#include <string_view>

#include "crypto/sealing.h"

namespace mend::keys {

std::string to_text(const crypto::PublicKey& key);
// kUsage "keys.recipient.form", "…checksum"; says so when it is a private key.
crypto::PublicKey parse_recipient(std::string_view text);

// The content of a file with a private key: a remark with the public one, then the key.
Secret to_identity_text(const crypto::KeyPair& pair);
// Lines that begin with # are remarks. kUsage "keys.identity.form", "…checksum".
crypto::KeyPair parse_identity(std::string_view text);
crypto::KeyPair load_identity(const std::string& path);

}  // namespace mend::keys
