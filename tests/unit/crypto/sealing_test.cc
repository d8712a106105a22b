// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/sealing.h"

#include <string>

#include "base/error.h"
#include "tests/support/catch.h"

namespace mend::crypto::test {
namespace {

ByteVector counting(size_t size, uint8_t first = 0) {
  ByteVector bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(first + i);
  return bytes;
}

TEST_CASE("keyed BLAKE2b gives the digests of its specification, in one piece or several", "[crypto]") {
  // The second of the vectors that come with BLAKE2's reference code: input 00, key 00 to 3f.
  ByteVector digest(64);
  const ByteVector zero(1);
  blake2b(counting(64), {zero}, digest);
  CHECK(to_hex(digest) ==
        "961f6dd1e4dd30f63901690c512e78e4b45e4742ed197c3c5e45c549fd25f2e4"
        "187b0bc9fe30492b16b0d0bc4ef9b0f34c7003fac09a5ef1532e69430234cebd");
  // RFC 7693: "abc", no key.
  blake2b({}, {as_bytes("a"), as_bytes(""), as_bytes("bc")}, digest);
  CHECK(to_hex(digest) ==
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
  const Secret derived = derive_key(counting(32), {as_bytes("x")}, 56);
  CHECK(derived.size() == 56);
}

TEST_CASE("C-5: a sealed text opens with its key, nonce and associated data, and whole only", "[crypto]") {
  const ByteVector key = counting(32, 1), nonce = counting(24, 99);
  const std::string text = "a key";
  const ByteVector sealed = seal(key, nonce, as_bytes("place"), as_bytes(text));
  REQUIRE(sealed.size() == text.size() + kSealTagBytes);
  const std::optional<Secret> opened = open_sealed(key, nonce, as_bytes("place"), sealed);
  REQUIRE(opened);
  CHECK(opened->text() == text);
  CHECK_FALSE(open_sealed(counting(32, 2), nonce, as_bytes("place"), sealed));
  CHECK_FALSE(open_sealed(key, counting(24, 98), as_bytes("place"), sealed));
  CHECK_FALSE(open_sealed(key, nonce, as_bytes("Place"), sealed));
  for (size_t size = 0; size < sealed.size(); ++size)
    CHECK_FALSE(open_sealed(key, nonce, as_bytes("place"), Bytes(sealed).first(size)));
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    ByteVector changed = sealed;
    changed[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    CHECK_FALSE(open_sealed(key, nonce, as_bytes("place"), changed));
  }
}

TEST_CASE("C-7: a passphrase's cost is bounded before memory is taken", "[crypto]") {
  const Bytes salt = as_bytes("somesaltsomesalt");
  const Secret one = stretch_passphrase(as_bytes("horse"), salt, {1, 64});
  // As the program of Argon2's authors says: argon2 somesaltsomesalt -id -t 1 -k 64 -p 1 -l 32 -r
  CHECK(to_hex(one.bytes()) == "1aa8c9e6b4046564205aee030548650bc7edbddf6658fcf0a26eb3cd25fcaaeb");
  CHECK_FALSE(equal(one.bytes(), stretch_passphrase(as_bytes("horse"), salt, {2, 64}).bytes()));
  CHECK_FALSE(equal(one.bytes(), stretch_passphrase(as_bytes("horses"), salt, {1, 64}).bytes()));
  CHECK_FALSE(equal(one.bytes(), stretch_passphrase(as_bytes("horse"), counting(16, 1), {1, 64}).bytes()));
  CHECK(is_bearable({}));
  for (const PassphraseCost cost : {PassphraseCost{0, 64}, PassphraseCost{1, 7},
                                    PassphraseCost{1, 256 * 1024 + 1}, PassphraseCost{UINT32_MAX, 256 * 1024},
                                    PassphraseCost{1, UINT32_MAX}, PassphraseCost{33, 128 * 1024}}) {
    CAPTURE(cost.passes, cost.memory_kib);
    CHECK_FALSE(is_bearable(cost));
    CHECK_THROWS_AS(stretch_passphrase(as_bytes("horse"), salt, cost), Error);
  }
}

TEST_CASE("what is sealed to a public key is opened by its private key alone", "[crypto]") {
  const KeyPair recipient = make_key_pair(), other = make_key_pair();
  // RFC 7748, 6.1: Alice's keys.
  const KeyPair alice =
      key_pair_from(Secret(from_hex("77076d0a7318a57d3c16c17251b26645dd01d2c6c6f5d28a6c5d7a17c3b9b1d5")));
  CHECK(alice.private_key.size() == 32);
  const ByteVector box = seal_to(recipient.public_key, as_bytes("master"));
  CHECK(box.size() == 6 + kSealedBoxBytes);
  CHECK(open_box(recipient, box).value().text() == "master");
  CHECK_FALSE(open_box(other, box));
  CHECK_FALSE(open_box(recipient, Bytes(box).first(box.size() - 1)));
  CHECK_FALSE(open_box(recipient, Bytes(box).first(kSealedBoxBytes - 1)));
  CHECK_THROWS_AS(seal_to(PublicKey{}, as_bytes("master")), Error);
}

TEST_CASE("a sealed stream is opened in its order only, and knows its end", "[crypto]") {
  const ByteVector key = counting(32);
  StreamSealer sealer(key);
  const ByteVector first = sealer.seal(as_bytes("one"), StreamEnd::kMore);
  const ByteVector second = sealer.seal({}, StreamEnd::kMore);
  const ByteVector last = sealer.seal(as_bytes("three"), StreamEnd::kLast);
  StreamOpener opener(key, sealer.header());
  CHECK_FALSE(opener.open(second));
  CHECK_FALSE(opener.open({}));
  const auto one = opener.open(first);
  REQUIRE(one);
  CHECK(as_text(one->bytes) == "one");
  CHECK(one->end == StreamEnd::kMore);
  CHECK_FALSE(opener.open(first));  // doubled
  CHECK_FALSE(opener.open(last));   // one left out
  REQUIRE(opener.open(second));
  const auto three = opener.open(last);
  REQUIRE(three);
  CHECK(three->end == StreamEnd::kLast);
  StreamOpener stranger(counting(32, 1), sealer.header());
  CHECK_FALSE(stranger.open(first));
}

TEST_CASE("tags are equal when every byte is", "[crypto]") {
  const ByteVector tag = counting(32);
  CHECK(same_tag(tag, counting(32)));
  CHECK_FALSE(same_tag(tag, Bytes(tag).first(31)));
  for (size_t i = 0; i < tag.size(); ++i) {
    ByteVector other = tag;
    other[i] ^= 0x80;
    CHECK_FALSE(same_tag(tag, other));
  }
}

}  // namespace
}  // namespace mend::crypto::test
