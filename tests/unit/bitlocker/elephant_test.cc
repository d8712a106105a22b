// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/elephant.h"

#include "base/error.h"
#include "tests/support/catch.h"

namespace mend::bitlocker {
namespace {

ByteVector pattern(size_t size, uint32_t seed) {
  ByteVector bytes(size);
  for (uint8_t& byte : bytes) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(seed >> 24);
  }
  return bytes;
}

uint32_t rotate(uint32_t word, unsigned bits) {
  return bits == 0 ? word : (word << bits) | (word >> (32 - bits));
}

// Ferguson's definition of deciphering, index by index.
ByteVector undo_by_definition(Bytes sector, Bytes key) {
  const size_t n = sector.size() / 4;
  std::vector<uint32_t> d(n);
  for (size_t i = 0; i < n; ++i) d[i] = read_le<uint32_t>(sector, 4 * i);
  constexpr unsigned kB[] = {0, 10, 0, 25}, kA[] = {9, 0, 13, 0};
  for (size_t step = 0; step < 3 * n; ++step) {
    const size_t i = step % n;
    d[i] += d[(i + 2) % n] ^ rotate(d[(i + 5) % n], kB[i % 4]);
  }
  for (size_t step = 0; step < 5 * n; ++step) {
    const size_t i = step % n;
    d[i] += d[(i + n - 2) % n] ^ rotate(d[(i + n - 5) % n], kA[i % 4]);
  }
  ByteVector out(sector.size());
  for (size_t i = 0; i < n; ++i) write_le<uint32_t>(out, 4 * i, d[i]);
  for (size_t i = 0; i < out.size(); ++i) out[i] ^= key[i % 32];
  return out;
}

TEST_CASE("E-1, E-2: the diffuser gives what its definition gives, alone and four abreast", "[bitlocker]") {
  for (const size_t sector : {64u, 96u, 512u, 1024u, 4096u}) {
    for (const size_t count : {1u, 3u, 4u, 5u, 8u, 11u}) {
      const ByteVector ciphertext = pattern(sector * count, 1), keys = pattern(32 * count, 2);
      ByteVector data = ciphertext;
      Elephant elephant(sector);
      elephant.undo(data, keys);
      for (size_t i = 0; i < count; ++i) {
        const ByteVector expected = undo_by_definition(Bytes(ciphertext).subspan(i * sector, sector),
                                                       Bytes(keys).subspan(32 * i, 32));
        CHECK(equal(Bytes(data).subspan(i * sector, sector), expected));
      }
      elephant.apply(data, keys);
      CHECK(data == ciphertext);
    }
  }
}

TEST_CASE("The diffuser refuses what is not whole sectors with a key each", "[bitlocker]") {
  CHECK_THROWS_AS(Elephant(48), Error);
  CHECK_THROWS_AS(Elephant(32), Error);
  Elephant elephant(512);
  ByteVector data = pattern(1024, 1);
  CHECK_THROWS_AS(elephant.undo(MutableBytes(data).first(1000), pattern(64, 2)), Error);
  CHECK_THROWS_AS(elephant.undo(data, pattern(32, 2)), Error);
  CHECK(data == pattern(1024, 1));
  elephant.undo({}, {});
}

}  // namespace
}  // namespace mend::bitlocker
