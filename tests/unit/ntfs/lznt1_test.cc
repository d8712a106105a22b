// SPDX-License-Identifier: GPL-3.0-or-later
#include "ntfs/lznt1.h"

#include <random>

#include "tests/support/catch.h"
#include "tests/unit/ntfs/sweeps.h"

using namespace mend;
using namespace mend::ntfs;
using namespace mend::test;

namespace {

// A greedy encoder, as simple as can be, for one unit.
ByteVector compress(Bytes in) {
  ByteVector out;
  for (size_t start = 0; start < in.size(); start += 4096) {
    const Bytes chunk = in.subspan(start, std::min<size_t>(4096, in.size() - start));
    ByteVector body;
    for (size_t at = 0; at < chunk.size();) {
      const size_t flags_at = body.size();
      body.push_back(0);
      for (unsigned bit = 0; bit < 8 && at < chunk.size(); ++bit) {
        unsigned distance_bits = 4;
        while (at > (size_t{1} << distance_bits)) ++distance_bits;
        const size_t longest = (size_t{1} << (16 - distance_bits)) + 2;
        size_t best = 0, best_distance = 0;
        for (size_t distance = 1; distance <= at; ++distance) {
          size_t length = 0;
          while (length < longest && at + length < chunk.size() &&
                 chunk[at + length - distance] == chunk[at + length])
            ++length;
          if (length > best) best = length, best_distance = distance;
        }
        if (best < 3) {
          body.push_back(chunk[at++]);
          continue;
        }
        const size_t token = ((best_distance - 1) << (16 - distance_bits)) | (best - 3);
        body.push_back(static_cast<uint8_t>(token));
        body.push_back(static_cast<uint8_t>(token >> 8));
        body[flags_at] = static_cast<uint8_t>(body[flags_at] | (1U << bit));
        at += best;
      }
    }
    const bool packed = body.size() < chunk.size();
    if (!packed) body.assign(chunk.begin(), chunk.end());
    const size_t header = (packed ? 0xb000U : 0x3000U) | (body.size() - 1);
    out.push_back(static_cast<uint8_t>(header));
    out.push_back(static_cast<uint8_t>(header >> 8));
    out.insert(out.end(), body.begin(), body.end());
  }
  out.push_back(0);
  out.push_back(0);
  return out;
}

ByteVector expand(Bytes in, size_t size) {
  ByteVector out(size, 0xee);
  decompress_lznt1(in, out);
  return out;
}

ByteVector text_of(size_t size) {
  std::mt19937 random(1);
  ByteVector text(size);
  for (size_t i = 0; i < size; ++i)
    text[i] = static_cast<uint8_t>(i > 40 && random() % 5 != 0 ? text[i - 37] : 'a' + random() % 20);
  return text;
}

}  // namespace

TEST_CASE("LZNT1: a stream put together by hand from the specification", "[ntfs]") {
  // Chunk of 5 bytes: flags 0b10 (literal, reference), "a", token distance 1 (0 << 12), length 9 (6).
  CHECK(expand(ByteVector{0x03, 0xb0, 0x02, 'a', 0x06, 0x00, 0x00, 0x00}, 12) ==
        ByteVector{'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 0, 0});
  // A chunk stored as it is, and nothing after it: the rest is zero.
  CHECK(expand(ByteVector{0x02, 0x30, 'x', 'y', 'z'}, 6) == ByteVector{'x', 'y', 'z', 0, 0, 0});
  CHECK(expand(ByteVector{}, 4) == ByteVector(4, 0));
}

TEST_CASE("LZNT1: what our encoder packs comes back, over whole units", "[ntfs]") {
  for (size_t size : {1U, 17U, 4095U, 4096U, 4097U, 65536U}) {
    const ByteVector text = text_of(size);
    CHECK(expand(compress(text), size) == text);
  }
  const ByteVector zeros(65536, 0);
  CHECK(expand(compress(zeros), zeros.size()) == zeros);
  ByteVector noise(20000);
  std::mt19937 random(7);
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>(random());
  CHECK(expand(compress(noise), noise.size()) == noise);
}

TEST_CASE("LZNT1: a chunk that is short leaves zeros up to the next one's place", "[ntfs]") {
  ByteVector in{0x02, 0x30, 'x', 'y', 'z'};
  in.insert(in.end(), {0x00, 0x30, 'q'});
  const ByteVector out = expand(in, 8192);
  CHECK(out[2] == 'z');
  CHECK(out[3] == 0);
  CHECK(out[4095] == 0);
  CHECK(out[4096] == 'q');
}

TEST_CASE("LZNT1: damaged input is decoded within bounds or refused", "[ntfs]") {
  const ByteVector packed = compress(text_of(5000));
  const auto read = [](const ByteVector& bytes) { expand(bytes, 8192); };
  CHECK(flip_every_bit(packed, read) > 0);
  CHECK(cut_every_length(packed, read) > 0);
  CHECK(id_of_error([] { expand(ByteVector{0x02, 0xb0, 0x01, 0x00, 0x00}, 8); }) == "ntfs.lznt1.first");
  CHECK(id_of_error([] {
          expand(ByteVector{0x03, 0xb0, 0x02, 'a', 0x00, 0x10}, 8);
        }) == "ntfs.lznt1.distance");
  CHECK(id_of_error([] { expand(ByteVector{0x03, 0xb0, 0x02, 'a', 0xff, 0x0f}, 8); }) == "ntfs.lznt1.long");
  CHECK(id_of_error([] { expand(ByteVector{0x03, 0xb0, 0x02, 'a', 0x00}, 8); }) == "ntfs.lznt1.truncated");
  CHECK(id_of_error([] {
          expand(ByteVector{0x03, 0x80, 0x02, 'a', 0x00, 0x00}, 8);
        }) == "ntfs.lznt1.signature");
}
