// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/aes.h"

#include "base/error.h"
#include "tests/support/catch.h"

namespace mend::crypto {
namespace {

ByteVector pattern(size_t size, uint8_t seed = 1) {
  ByteVector bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(seed + i * 31 + i / 256);
  return bytes;
}

ByteVector exclusive_or(Bytes a, Bytes b) {
  ByteVector out(a.begin(), a.end());
  for (size_t i = 0; i < out.size(); ++i) out[i] ^= b[i];
  return out;
}

// --- slow definitions, from single blocks only ---

ByteVector one_block(Bytes key, Bytes in, Direction direction) {
  ByteVector out(16);
  AesBlocks(key, direction).transform(in, out);
  return out;
}

ByteVector cbc_by_definition(Bytes key, Bytes initial, Bytes plaintext) {
  ByteVector out, previous(initial.begin(), initial.end());
  for (size_t at = 0; at < plaintext.size(); at += 16) {
    previous = one_block(key, exclusive_or(plaintext.subspan(at, 16), previous), Direction::kEncrypt);
    out.insert(out.end(), previous.begin(), previous.end());
  }
  return out;
}

// IEEE 1619: multiplication by x, byte by byte.
void double_tweak(ByteVector& tweak) {
  uint8_t carry = 0;
  for (uint8_t& byte : tweak) {
    const uint8_t next = byte >> 7;
    byte = static_cast<uint8_t>((byte << 1) | carry);
    carry = next;
  }
  if (carry != 0) tweak[0] ^= 0x87;
}

ByteVector xts_by_definition(Bytes key, uint64_t sector, Bytes plaintext) {
  ByteVector tweak(16), out;
  write_le<uint64_t>(tweak, 0, sector);
  tweak = one_block(key.subspan(key.size() / 2), tweak, Direction::kEncrypt);
  for (size_t at = 0; at < plaintext.size(); at += 16) {
    const ByteVector in = exclusive_or(plaintext.subspan(at, 16), tweak);
    const ByteVector block =
        exclusive_or(one_block(key.first(key.size() / 2), in, Direction::kEncrypt), tweak);
    out.insert(out.end(), block.begin(), block.end());
    double_tweak(tweak);
  }
  return out;
}

// NIST SP 800-38C with a nonce of 12, a tag of 16, no associated data.
struct Sealed {
  ByteVector ciphertext, tag;
};
Sealed ccm_by_definition(Bytes key, Bytes nonce, Bytes plaintext) {
  const auto block_of = [&](uint8_t flags, uint32_t number) {
    ByteVector block(16);
    block[0] = flags;
    std::copy(nonce.begin(), nonce.end(), block.begin() + 1);
    for (size_t i = 0; i < 3; ++i) block[15 - i] = static_cast<uint8_t>(number >> (8 * i));
    return block;
  };
  ByteVector mac =
      one_block(key, block_of(0x3A, static_cast<uint32_t>(plaintext.size())), Direction::kEncrypt);
  Sealed sealed;
  for (size_t at = 0; at < plaintext.size(); at += 16) {
    const Bytes part = plaintext.subspan(at, std::min<size_t>(16, plaintext.size() - at));
    ByteVector padded(part.begin(), part.end());
    padded.resize(16);
    mac = one_block(key, exclusive_or(mac, padded), Direction::kEncrypt);
    const ByteVector stream =
        one_block(key, block_of(0x02, static_cast<uint32_t>(at / 16 + 1)), Direction::kEncrypt);
    const ByteVector out = exclusive_or(part, stream);
    sealed.ciphertext.insert(sealed.ciphertext.end(), out.begin(), out.end());
  }
  sealed.tag = exclusive_or(mac, one_block(key, block_of(0x02, 0), Direction::kEncrypt));
  return sealed;
}

// --- published examples ---

TEST_CASE("AES blocks give the examples of FIPS 197", "[crypto]") {
  const ByteVector plaintext = from_hex("00112233445566778899aabbccddeeff");
  for (const auto& [key, ciphertext] :
       {std::pair{"000102030405060708090a0b0c0d0e0f", "69c4e0d86a7b0430d8cdb78070b4c55a"},
        std::pair{"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                  "8ea2b7ca516745bfeafc49904b496089"}}) {
    CHECK(to_hex(one_block(from_hex(key), plaintext, Direction::kEncrypt)) == ciphertext);
    CHECK(one_block(from_hex(key), from_hex(ciphertext), Direction::kDecrypt) == plaintext);
  }
}

TEST_CASE("CBC gives the example of NIST SP 800-38A", "[crypto]") {
  const ByteVector key = from_hex("2b7e151628aed2a6abf7158809cf4f3c");
  const ByteVector initial = from_hex("000102030405060708090a0b0c0d0e0f");
  ByteVector data = from_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  AesCbc(key, Direction::kEncrypt).transform(data, 32, initial);
  CHECK(to_hex(data) == "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2");
}

TEST_CASE("XTS gives the examples of IEEE 1619", "[crypto]") {
  ByteVector data(32, 0x44);
  ByteVector key(16, 0x11);
  key.resize(32, 0x22);
  AesXts(key, Direction::kEncrypt).transform(data, 32, 0x3333333333);
  CHECK(to_hex(data) == "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0");

  ByteVector sector(512);
  for (size_t i = 0; i < sector.size(); ++i) sector[i] = static_cast<uint8_t>(i);
  AesXts(from_hex("2718281828459045235360287471352631415926535897932384626433832795"), Direction::kEncrypt)
      .transform(sector, 512, 0);
  CHECK(to_hex(Bytes(sector).first(32)) ==
        "27a7479befa1d476489f308cd4cfa6e2a96e4bbe3208ff25287dd3819616e89c");
}

// --- against the definitions ---

TEST_CASE("CBC over sectors gives what its definition gives, both ways", "[crypto]") {
  for (const size_t key_bytes : {16u, 32u}) {
    const ByteVector key = pattern(key_bytes, 3);
    for (const size_t sector : {16u, 48u, 512u, 1024u, 4096u, 8192u}) {
      for (const size_t count : {1u, 3u, 16u, 17u, 40u}) {
        const ByteVector plaintext = pattern(sector * count, 7), initial = pattern(16 * count, 11);
        ByteVector data = plaintext, expected;
        for (size_t i = 0; i < count; ++i) {
          // The whole of the first and the last sector only: the definition is slow.
          if (i != 0 && i + 1 != count) continue;
          const ByteVector part =
              cbc_by_definition(key, Bytes(initial).subspan(16 * i, 16),
                                Bytes(plaintext).subspan(i * sector, std::min<size_t>(sector, 512)));
          expected.insert(expected.end(), part.begin(), part.end());
        }
        AesCbc(key, Direction::kEncrypt).transform(data, sector, initial);
        const size_t shown = std::min<size_t>(sector, 512);
        CHECK(equal(Bytes(data).first(shown), Bytes(expected).first(shown)));
        CHECK(equal(Bytes(data).subspan((count - 1) * sector, shown), Bytes(expected).last(shown)));
        AesCbc(key, Direction::kDecrypt).transform(data, sector, initial);
        CHECK(data == plaintext);
      }
    }
  }
}

TEST_CASE("XTS over sectors gives what its definition gives, both ways", "[crypto]") {
  for (const size_t key_bytes : {32u, 64u}) {
    const ByteVector key = pattern(key_bytes, 3);
    for (const size_t sector : {16u, 512u, 1024u, 2048u, 4096u}) {
      for (const size_t count : {1u, 2u, 4u, 5u, 16u, 19u}) {
        const uint64_t first = 0xFFFFFFFFu - 2;  // carries into the upper half
        const ByteVector plaintext = pattern(sector * count, 7);
        ByteVector data = plaintext;
        AesXts(key, Direction::kEncrypt).transform(data, sector, first);
        for (const size_t i : {size_t{0}, count / 2, count - 1}) {
          const Bytes in = Bytes(plaintext).subspan(i * sector, sector);
          CHECK(equal(Bytes(data).subspan(i * sector, sector), xts_by_definition(key, first + i, in)));
        }
        AesXts(key, Direction::kDecrypt).transform(data, sector, first);
        CHECK(data == plaintext);
      }
    }
  }
}

TEST_CASE("CCM gives what its definition gives", "[crypto]") {
  const ByteVector key = pattern(32, 3), nonce = pattern(12, 5);
  for (const size_t size : {1u, 15u, 16u, 17u, 44u, 76u, 1000u}) {
    const ByteVector plaintext = pattern(size, 7);
    const Sealed expected = ccm_by_definition(key, nonce, plaintext);
    ByteVector ciphertext(size), tag(16);
    ccm_seal(key, nonce, plaintext, ciphertext, tag);
    CHECK(ciphertext == expected.ciphertext);
    CHECK(tag == expected.tag);
    const std::optional<Secret> opened = ccm_open(key, nonce, tag, ciphertext);
    REQUIRE(opened);
    CHECK(equal(opened->bytes(), plaintext));
  }
}

TEST_CASE("C-4: CCM opens nothing when one bit of key, nonce, tag or ciphertext differs", "[crypto]") {
  ByteVector key = pattern(32, 3), nonce = pattern(12, 5), ciphertext(44), tag(16);
  ccm_seal(key, nonce, pattern(44, 7), ciphertext, tag);
  for (ByteVector* input : {&key, &nonce, &ciphertext, &tag}) {
    for (size_t bit = 0; bit < input->size() * 8; ++bit) {
      (*input)[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
      CHECK_FALSE(ccm_open(key, nonce, tag, ciphertext));
      (*input)[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    }
  }
  CHECK(ccm_open(key, nonce, tag, ciphertext));
  CHECK_FALSE(ccm_open(key, nonce, tag, {}));
  CHECK_THROWS_AS(ccm_open(pattern(16), nonce, tag, ciphertext), Error);
  CHECK_THROWS_AS(ccm_open(key, pattern(13), tag, ciphertext), Error);
}

TEST_CASE("C-3: a length that is no multiple of the sector is refused before a byte changes", "[crypto]") {
  const ByteVector plaintext = pattern(1000);
  ByteVector data = plaintext;
  CHECK_THROWS_AS(AesXts(pattern(32), Direction::kEncrypt).transform(data, 512, 0), Error);
  CHECK_THROWS_AS(AesXts(pattern(32), Direction::kEncrypt).transform(data, 0, 0), Error);
  CHECK_THROWS_AS(AesXts(pattern(32), Direction::kEncrypt).transform(data, 8, 0), Error);
  ByteVector large(16384);
  CHECK_THROWS_AS(AesCbc(pattern(32), Direction::kDecrypt).transform(large, 16384, pattern(16)), Error);
  CHECK_THROWS_AS(AesCbc(pattern(32), Direction::kDecrypt).transform(data, 512, pattern(32)), Error);
  CHECK_THROWS_AS(AesCbc(pattern(32), Direction::kDecrypt).transform(MutableBytes(data).first(512), 512, {}),
                  Error);
  CHECK_THROWS_AS(AesBlocks(pattern(32), Direction::kDecrypt).transform(data, data), Error);
  CHECK(data == plaintext);
  AesXts(pattern(32), Direction::kEncrypt).transform({}, 512, 0);
  AesCbc(pattern(32), Direction::kEncrypt).transform({}, 512, {});
}

TEST_CASE("Keys of a wrong size, or XTS keys of two equal halves, are refused", "[crypto]") {
  for (const size_t size : {0u, 15u, 17u, 24u, 33u, 48u, 64u})
    CHECK_THROWS_AS(AesBlocks(pattern(size), Direction::kEncrypt), Error);
  for (const size_t size : {0u, 16u, 33u, 48u, 128u})
    CHECK_THROWS_AS(AesXts(pattern(size), Direction::kEncrypt), Error);
  CHECK_THROWS_AS(AesXts(ByteVector(32, 7), Direction::kDecrypt), Error);
}

}  // namespace
}  // namespace mend::crypto
