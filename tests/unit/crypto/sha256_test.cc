// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/sha256.h"

#include <set>

#include "base/error.h"
#include "crypto/random.h"
#include "crypto/stretch_pair.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"

namespace mend::crypto {
namespace {

ByteVector pattern(size_t size, uint8_t seed = 1) {
  ByteVector bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(seed + i * 31 + i / 256);
  return bytes;
}

// The definition, word for word, with one-shot hashes only.
ByteVector stretch_by_definition(Bytes initial, Bytes salt, uint64_t rounds) {
  ByteVector message(88);
  std::copy(initial.begin(), initial.end(), message.begin() + 32);
  std::copy(salt.begin(), salt.end(), message.begin() + 64);
  for (uint64_t round = 0; round < rounds; ++round) {
    write_le<uint64_t>(message, 80, round);
    const Sha256Digest digest = sha256(message);
    std::copy(digest.begin(), digest.end(), message.begin());
  }
  message.resize(32);
  return message;
}

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples", "[crypto]") {
  CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256(as_bytes("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(sha256(ByteVector(1000000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("C-1: a digest does not depend on how the input was cut", "[crypto]") {
  const ByteVector bytes = pattern(300);
  const Sha256Digest whole = sha256(bytes);
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    Sha256 hash;
    for (size_t at = 0; at < bytes.size(); at += piece)
      hash.update(Bytes(bytes).subspan(at, std::min(piece, bytes.size() - at))).update({});
    CHECK(hash.finish() == whole);
  }
}

TEST_CASE("An object that gave its digest starts anew", "[crypto]") {
  Sha256 hash;
  hash.update(as_bytes("something else")).finish();
  CHECK(hash.update(as_bytes("abc")).finish() == sha256(as_bytes("abc")));
}

TEST_CASE("Stretching gives what its definition gives, with either code", "[crypto]") {
  const ByteVector initial = pattern(32, 5), salt = pattern(16, 9);
  for (const uint64_t rounds : {1u, 2u, 255u, 256u, 257u, 16383u, 16384u, 16385u, 66000u}) {
    const ByteVector expected = stretch_by_definition(initial, salt, rounds);
    CHECK(equal(stretch(initial, salt, rounds).bytes(), expected));
    CHECK(equal(stretch_portable(initial, salt, rounds).bytes(), expected));
  }
  CHECK(equal(stretch(initial, salt).bytes(), stretch_by_definition(initial, salt, kStretchRounds)));
}

TEST_CASE("Stretching counts its rounds and can be stopped", "[crypto]") {
  const ByteVector initial = pattern(32), salt = pattern(16);
  std::atomic<uint64_t> done = 0;
  std::atomic<bool> stop = false;
  CHECK(stretch(initial, salt, 40000, &done, &stop).size() == 32);
  CHECK(done == 40000);
  stop = true;
  CHECK(stretch(initial, salt, 40000, &done, &stop).empty());
  CHECK(done == 40000);
}

TEST_CASE("Stretching refuses an input that is too short", "[crypto]") {
  CHECK_THROWS_AS(stretch(pattern(31), pattern(16)), Error);
  CHECK_THROWS_AS(stretch(pattern(32), pattern(15)), Error);
}

TEST_CASE("As many bare compressions run as were asked for", "[crypto]") {
  std::set<Sha256Digest> states;
  for (const uint64_t count : {0u, 1u, 2u, 1023u, 1024u, 1025u, 2048u})
    states.insert(bare_compressions(count));
  CHECK(states.size() == 7);
  CHECK(to_hex(bare_compressions(0)) == "67e6096a85ae67bb72f36e3c3af54fa57f520e518c68059babd9831f19cde05b");
}

TEST_CASE("Random bytes fill every length and do not repeat", "[crypto]") {
  std::set<ByteVector> seen;
  for (int i = 0; i < 100; ++i) {
    ByteVector bytes(16);
    random_bytes(bytes);
    CHECK(seen.insert(bytes).second);
  }
  random_bytes({});
  ByteVector large(100000);
  random_bytes(large);
  CHECK(std::set<uint8_t>(large.end() - 10000, large.end()).size() == 256);
}

TEST_CASE("C-10: two chains side by side give what each gives alone", "[crypto]") {
  if (!can_stretch_pairs()) return test::print_skip("this processor has no SHA-NI");
  for (const uint64_t rounds : {0u, 1u, 2u, 300u, 16384u, 20000u}) {
    CAPTURE(rounds);
    ByteVector initial(64), salt(32);
    for (size_t i = 0; i < initial.size(); ++i) initial[i] = static_cast<uint8_t>(i * 37 + rounds);
    for (size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<uint8_t>(i * 11 + 3);
    const StretchInput first{Bytes(initial).first(32), Bytes(salt).first(16)},
        second{Bytes(initial).last(32), Bytes(salt).last(16)};
    std::atomic<uint64_t> done = 0;
    const auto both = stretch_pair(first, second, rounds, &done);
    CHECK(done == 2 * rounds);
    CHECK(equal(both[0].bytes(), stretch(first.initial, first.salt, rounds).bytes()));
    CHECK(equal(both[1].bytes(), stretch(second.initial, second.salt, rounds).bytes()));
    const std::atomic<bool> stop = true;
    CHECK((rounds == 0 || stretch_pair(first, second, rounds, nullptr, &stop)[0].empty()));
  }
}

}  // namespace
}  // namespace mend::crypto
