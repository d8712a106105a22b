// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/signing.h"

#include <algorithm>

#include "crypto/scrypt.h"
#include "tests/support/catch.h"

namespace mend::crypto {
namespace {

template <size_t kBytes>
std::array<uint8_t, kBytes> bytes_of(const char* hex) {
  std::array<uint8_t, kBytes> out{};
  const ByteVector bytes = from_hex(hex);
  std::ranges::copy(bytes, out.begin());
  return out;
}

// RFC 8032, 7.1, test 2.
const auto kPublic = bytes_of<32>("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
const auto kSignature = bytes_of<64>(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eae"
    "b4302aee"
    "b00d291612bb0c00");
const auto kSecret = bytes_of<64>(
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb3d4017c3e843895a92b70aa74d1b7ebc9c982ccf"
    "2ec4968c"
    "c0cd55f12af4660c");
const ByteVector kMessage{0x72};

TEST_CASE("Ed25519 signs and checks the RFC's vector", "[crypto]") {
  CHECK(ed25519_sign(kMessage, kSecret) == kSignature);
  CHECK(ed25519_holds(kSignature, kMessage, kPublic));
  CHECK_FALSE(ed25519_holds(kSignature, {}, kPublic));
  CHECK(is_ed25519_secret(kSecret));
}

TEST_CASE("C-8: no bit of a signature, a key or a message can be turned", "[crypto]") {
  for (size_t bit = 0; bit < 512; ++bit) {
    Ed25519Signature other = kSignature;
    other[bit / 8] = static_cast<uint8_t>(other[bit / 8] ^ 1U << bit % 8);
    CHECK_FALSE(ed25519_holds(other, kMessage, kPublic));
    auto secret = kSecret;
    secret[bit / 8] = static_cast<uint8_t>(secret[bit / 8] ^ 1U << bit % 8);
    CHECK_FALSE(is_ed25519_secret(secret));
  }
}

TEST_CASE("C-8: a scalar that is not reduced, and a key of small order, do not hold", "[crypto]") {
  // The group's order, little-endian, added to the signature's second half: the same scalar, spelled
  // otherwise.
  const auto order = bytes_of<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  Ed25519Signature other = kSignature;
  unsigned carry = 0;
  for (size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(other[32 + i]) + order[i];
    other[32 + i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  CHECK_FALSE(ed25519_holds(other, kMessage, kPublic));
  // Under the neutral element, R = S·B holds for any message in a check that takes such a key.
  Ed25519PublicKey neutral{};
  neutral[0] = 1;
  Ed25519Signature trivial{};
  trivial[0] = 1;
  CHECK_FALSE(ed25519_holds(trivial, kMessage, neutral));
}

TEST_CASE("new key pairs differ, and their halves belong together", "[crypto]") {
  const Ed25519KeyPair one = new_ed25519_key_pair(), other = new_ed25519_key_pair();
  CHECK(one.public_key != other.public_key);
  CHECK(is_ed25519_secret(one.secret.bytes()));
  CHECK(ed25519_holds(ed25519_sign(kMessage, one.secret.bytes()), kMessage, one.public_key));
}

TEST_CASE("scrypt at the least cost gives what OpenSSL's does", "[crypto]") {
  // libsodium makes N = 1024, r = 8, p = 1 of this cost; the value is Python's hashlib.scrypt of the same.
  ByteVector salt(kScryptSaltBytes);
  for (size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<uint8_t>(i);
  CHECK(to_hex(scrypt(as_bytes("correct horse"), salt, {32768, 16777216}, 16).bytes()) ==
        "1fa1348854818a9e4e9037d04148d79b");
}

}  // namespace
}  // namespace mend::crypto
