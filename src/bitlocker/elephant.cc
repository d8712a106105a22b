// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/elephant.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace mend::bitlocker {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie in memory");

// Words of four sectors side by side, or of one.
using Quad = uint32_t __attribute__((vector_size(16)));
using Quad64 = uint64_t __attribute__((vector_size(16)));

constexpr int kCyclesA = 5, kCyclesB = 3;
// A pass reaches five words beyond either end of the sector, where the other end goes on.
constexpr size_t kHalo = 5;

template <int kBits, typename Word>
inline Word rotate(Word word) {
  if constexpr (kBits == 0) return word;
  return (word << kBits) | (word >> (32 - kBits));
}

// The four passes below walk a sector of `count` words, a multiple of 4. d[i] changes by d[i-2] and d[i-5] in
// diffuser A, by d[i+2] and d[i+5] in B, taken modulo the count; the rotation depends on i modulo 4. Where a
// word depends on one that the same pass has just changed, the last five are kept in registers.

template <typename Word>
void undo_a(Word* d, size_t count) {
  Word p1 = d[count - 1], p2 = d[count - 2], p3 = d[count - 3], p4 = d[count - 4], p5 = d[count - 5];
  for (size_t i = 0; i < count; i += 4) {
    const Word a0 = d[i] + (p2 ^ rotate<9>(p5));
    const Word a1 = d[i + 1] + (p1 ^ p4);
    const Word a2 = d[i + 2] + (a0 ^ rotate<13>(p3));
    const Word a3 = d[i + 3] + (a1 ^ p2);
    d[i] = a0, d[i + 1] = a1, d[i + 2] = a2, d[i + 3] = a3;
    p5 = p1, p4 = a0, p3 = a1, p2 = a2, p1 = a3;
  }
}

template <typename Word>
inline void apply_a_quad(Word* d, ptrdiff_t i) {
  d[i + 3] -= d[i + 1] ^ d[i - 2];
  d[i + 2] -= d[i] ^ rotate<13>(d[i - 3]);
  d[i + 1] -= d[i - 1] ^ d[i - 4];
  d[i] -= d[i - 2] ^ rotate<9>(d[i - 5]);
}

template <typename Word>
void apply_a(Word* d, size_t count) {
  const auto end = static_cast<ptrdiff_t>(count);
  for (ptrdiff_t i = end - 4; i >= 8; i -= 4) apply_a_quad(d, i);
  for (ptrdiff_t k = 1; k <= ptrdiff_t{kHalo}; ++k) d[-k] = d[end - k];
  apply_a_quad(d, 4);
  apply_a_quad(d, 0);
}

template <typename Word>
inline void undo_b_quad(Word* d, size_t i) {
  d[i] += d[i + 2] ^ d[i + 5];
  d[i + 1] += d[i + 3] ^ rotate<10>(d[i + 6]);
  d[i + 2] += d[i + 4] ^ d[i + 7];
  d[i + 3] += d[i + 5] ^ rotate<25>(d[i + 8]);
}

template <typename Word>
void undo_b(Word* d, size_t count) {
  size_t i = 0;
  for (; i < count - 8; i += 4) undo_b_quad(d, i);
  for (size_t k = 0; k < kHalo; ++k) d[count + k] = d[k];
  undo_b_quad(d, i);
  undo_b_quad(d, i + 4);
}

template <typename Word>
void apply_b(Word* d, size_t count) {
  Word n1 = d[0], n2 = d[1], n3 = d[2], n4 = d[3], n5 = d[4];
  for (size_t i = count; i != 0;) {
    i -= 4;
    const Word a3 = d[i + 3] - (n2 ^ rotate<25>(n5));
    const Word a2 = d[i + 2] - (n1 ^ n4);
    const Word a1 = d[i + 1] - (a3 ^ rotate<10>(n3));
    const Word a0 = d[i] - (a2 ^ n2);
    d[i + 3] = a3, d[i + 2] = a2, d[i + 1] = a1, d[i] = a0;
    n5 = n1, n4 = a3, n3 = a2, n2 = a1, n1 = a0;
  }
}

template <typename Word>
void undo_both(Word* d, size_t count) {
  for (int cycle = 0; cycle < kCyclesB; ++cycle) undo_b(d, count);
  for (int cycle = 0; cycle < kCyclesA; ++cycle) undo_a(d, count);
}

template <typename Word>
void apply_both(Word* d, size_t count) {
  for (int cycle = 0; cycle < kCyclesA; ++cycle) apply_a(d, count);
  for (int cycle = 0; cycle < kCyclesB; ++cycle) apply_b(d, count);
}

void exclusive_or(uint8_t* sector, size_t sector_bytes, const uint8_t* key) {
  Quad halves[2];
  std::memcpy(halves, key, sizeof halves);
  for (size_t at = 0; at < sector_bytes; at += sizeof halves) {
    Quad words[2];
    std::memcpy(words, sector + at, sizeof words);
    words[0] ^= halves[0], words[1] ^= halves[1];
    std::memcpy(sector + at, words, sizeof words);
  }
}

// Rows to columns: its own inverse.
inline void transpose(Quad& a, Quad& b, Quad& c, Quad& d) {
  const auto low = [](Quad x, Quad y) {
    return reinterpret_cast<Quad64>(__builtin_shufflevector(x, y, 0, 4, 1, 5));
  };
  const auto high = [](Quad x, Quad y) {
    return reinterpret_cast<Quad64>(__builtin_shufflevector(x, y, 2, 6, 3, 7));
  };
  const Quad64 ab_low = low(a, b), ab_high = high(a, b), cd_low = low(c, d), cd_high = high(c, d);
  a = reinterpret_cast<Quad>(__builtin_shufflevector(ab_low, cd_low, 0, 2));
  b = reinterpret_cast<Quad>(__builtin_shufflevector(ab_low, cd_low, 1, 3));
  c = reinterpret_cast<Quad>(__builtin_shufflevector(ab_high, cd_high, 0, 2));
  d = reinterpret_cast<Quad>(__builtin_shufflevector(ab_high, cd_high, 1, 3));
}

void gather(Quad* words, const uint8_t* sectors, size_t sector_bytes) {
  for (size_t at = 0; at < sector_bytes; at += sizeof(Quad), words += 4) {
    for (size_t lane = 0; lane < 4; ++lane)
      std::memcpy(words + lane, sectors + lane * sector_bytes + at, sizeof(Quad));
    transpose(words[0], words[1], words[2], words[3]);
  }
}

void scatter(const Quad* words, uint8_t* sectors, size_t sector_bytes) {
  for (size_t at = 0; at < sector_bytes; at += sizeof(Quad), words += 4) {
    Quad rows[4] = {words[0], words[1], words[2], words[3]};
    transpose(rows[0], rows[1], rows[2], rows[3]);
    for (size_t lane = 0; lane < 4; ++lane)
      std::memcpy(sectors + lane * sector_bytes + at, rows + lane, sizeof(Quad));
  }
}

void check_sizes(MutableBytes sectors, Bytes sector_keys, size_t sector_bytes) {
  if (sectors.size() % sector_bytes == 0 &&
      sector_keys.size() / Elephant::kSectorKeyBytes == sectors.size() / sector_bytes)
    return;
  throw Error(ErrorCode::kUsage, "bitlocker.elephant.length",
              "the diffuser works on whole sectors, one key for each");
}

template <typename Four, typename One>
void for_each_sector(MutableBytes sectors, size_t sector_bytes, MutableBytes scratch, Four four, One one) {
  // Room for the halo on both sides, aligned: a Secret starts on a page.
  Quad* const quads = reinterpret_cast<Quad*>(scratch.data()) + kHalo;
  uint32_t* const words = reinterpret_cast<uint32_t*>(scratch.data()) + kHalo;
  const size_t count = sector_bytes / sizeof(uint32_t);
  size_t at = 0;
  for (; sectors.size() - at >= 4 * sector_bytes; at += 4 * sector_bytes) {
    gather(quads, &sectors[at], sector_bytes);
    four(quads, count);
    scatter(quads, &sectors[at], sector_bytes);
  }
  for (; at < sectors.size(); at += sector_bytes) {
    std::memcpy(words, &sectors[at], sector_bytes);
    one(words, count);
    std::memcpy(&sectors[at], words, sector_bytes);
  }
}

}  // namespace

Elephant::Elephant(size_t sector_bytes)
    : sector_bytes_(sector_bytes), scratch_(4 * sector_bytes + 2 * kHalo * sizeof(Quad)) {
  if (sector_bytes < 64 || sector_bytes % 32 != 0)
    throw Error(ErrorCode::kUnsupported, "bitlocker.elephant.sector",
                "the diffuser cannot work on sectors of " + std::to_string(sector_bytes) + " bytes");
}

void Elephant::undo(MutableBytes sectors, Bytes sector_keys) {
  check_sizes(sectors, sector_keys, sector_bytes_);
  for_each_sector(sectors, sector_bytes_, scratch_.bytes(), undo_both<Quad>, undo_both<uint32_t>);
  for (size_t i = 0; i * sector_bytes_ < sectors.size(); ++i)
    exclusive_or(&sectors[i * sector_bytes_], sector_bytes_, &sector_keys[i * kSectorKeyBytes]);
}

void Elephant::apply(MutableBytes sectors, Bytes sector_keys) {
  check_sizes(sectors, sector_keys, sector_bytes_);
  for (size_t i = 0; i * sector_bytes_ < sectors.size(); ++i)
    exclusive_or(&sectors[i * sector_bytes_], sector_bytes_, &sector_keys[i * kSectorKeyBytes]);
  for_each_sector(sectors, sector_bytes_, scratch_.bytes(), apply_both<Quad>, apply_both<uint32_t>);
}

}  // namespace mend::bitlocker
