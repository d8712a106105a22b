// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/stretch_pair.h"

#include <algorithm>
#include <memory>
#include <new>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace mend::crypto {

#if defined(__x86_64__)
namespace {

constexpr uint64_t kRoundsBetweenLooks = uint64_t{1} << 14;
constexpr size_t kLanes = 2;

// FIPS 180-4, 4.2.2.
alignas(16) constexpr std::array<uint32_t, 64> kConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
constexpr int kStart[8] = {0x6a09e667, static_cast<int>(0xbb67ae85), 0x3c6ef372, static_cast<int>(0xa54ff53a),
                           0x510e527f, static_cast<int>(0x9b05688c), 0x1f83d9ab, 0x5be0cd19};

// What the instructions take for the state: the words a, b, e, f and c, d, g, h.
struct State {
  __m128i abef, cdgh;
};

// The 88 bytes that are hashed in each round, as words: last digest, initial digest, salt; the counter goes
// from register to register.
struct alignas(16) Lane {
  __m128i digest[2], initial[2], salt;
};

[[gnu::target("sha,sse4.1")]] inline __m128i load_words(Bytes bytes) {
  const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data())), swap);
}

[[gnu::target("sha,sse4.1")]] inline State start_state() {
  return {_mm_setr_epi32(kStart[5], kStart[4], kStart[1], kStart[0]),
          _mm_setr_epi32(kStart[7], kStart[6], kStart[3], kStart[2])};
}

// One block of both chains; `words` are its 16 words, and are used up.
[[gnu::target("sha,sse4.1")]] inline void compress(State (&state)[kLanes], __m128i (&words)[kLanes][4]) {
  State before[kLanes] = {state[0], state[1]};
#pragma GCC unroll 16
  for (size_t group = 0; group < 16; ++group) {
    const __m128i constants = _mm_load_si128(reinterpret_cast<const __m128i*>(kConstants.data() + 4 * group));
#pragma GCC unroll 2
    for (size_t lane = 0; lane < kLanes; ++lane) {
      __m128i* w = words[lane];
      __m128i& current = w[group % 4];
      if (group >= 4) {
        const __m128i next = w[(group + 1) % 4], third = w[(group + 2) % 4], last = w[(group + 3) % 4];
        current = _mm_add_epi32(_mm_sha256msg1_epu32(current, next), _mm_alignr_epi8(last, third, 4));
        current = _mm_sha256msg2_epu32(current, last);
      }
      const __m128i sum = _mm_add_epi32(current, constants);
      state[lane].cdgh = _mm_sha256rnds2_epu32(state[lane].cdgh, state[lane].abef, sum);
      state[lane].abef =
          _mm_sha256rnds2_epu32(state[lane].abef, state[lane].cdgh, _mm_shuffle_epi32(sum, 0x0E));
    }
  }
  for (size_t lane = 0; lane < kLanes; ++lane) {
    state[lane].abef = _mm_add_epi32(state[lane].abef, before[lane].abef);
    state[lane].cdgh = _mm_add_epi32(state[lane].cdgh, before[lane].cdgh);
  }
}

// The digest's words in their order: what the next round hashes first.
[[gnu::target("sha,sse4.1")]] inline void store_digest(const State& state, Lane& lane) {
  const __m128i feba = _mm_shuffle_epi32(state.abef, 0x1B), dchg = _mm_shuffle_epi32(state.cdgh, 0xB1);
  lane.digest[0] = _mm_blend_epi16(feba, dchg, 0xF0);
  lane.digest[1] = _mm_alignr_epi8(dchg, feba, 8);
}

[[gnu::target("sha,sse4.1")]] void run_rounds(Lane* lanes, uint64_t first, uint64_t last) {
  constexpr int kMessageBits = 88 * 8;
  for (uint64_t round = first; round < last; ++round) {
    const auto low = static_cast<int>(__builtin_bswap32(static_cast<uint32_t>(round)));
    const auto high = static_cast<int>(__builtin_bswap32(static_cast<uint32_t>(round >> 32)));
    State state[kLanes] = {start_state(), start_state()};
    __m128i words[kLanes][4] = {
        {lanes[0].digest[0], lanes[0].digest[1], lanes[0].initial[0], lanes[0].initial[1]},
        {lanes[1].digest[0], lanes[1].digest[1], lanes[1].initial[0], lanes[1].initial[1]}};
    compress(state, words);
    const __m128i counter = _mm_setr_epi32(low, high, static_cast<int>(0x80000000), 0);
    for (size_t lane = 0; lane < kLanes; ++lane) {
      words[lane][0] = lanes[lane].salt;
      words[lane][1] = counter;
      words[lane][2] = _mm_setzero_si128();
      words[lane][3] = _mm_setr_epi32(0, 0, 0, kMessageBits);
    }
    compress(state, words);
    for (size_t lane = 0; lane < kLanes; ++lane) store_digest(state[lane], lanes[lane]);
  }
}

[[gnu::target("sha,sse4.1")]] void load(const StretchInput& input, Lane& lane) {
  for (size_t half = 0; half < 2; ++half) {
    lane.digest[half] = _mm_setzero_si128();
    lane.initial[half] = load_words(slice(input.initial, half * 16, 16));
  }
  lane.salt = load_words(slice(input.salt, 0, 16));
}

[[gnu::target("sha,sse4.1")]] Secret digest_of(const Lane& lane) {
  Secret digest(32);
  for (size_t half = 0; half < 2; ++half) {
    const __m128i bytes = load_words({reinterpret_cast<const uint8_t*>(&lane.digest[half]), 16});
    _mm_storeu_si128(reinterpret_cast<__m128i*>(digest.bytes().data() + half * 16), bytes);
  }
  return digest;
}

}  // namespace

bool can_stretch_pairs() {
  static const bool can = [] {
    constexpr unsigned kShaBit = 29;  // leaf 7, EBX
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> kShaBit & 1) != 0 &&
           __builtin_cpu_supports("sse4.1") != 0;
  }();
  return can;
}

std::array<Secret, 2> stretch_pair(const StretchInput& first, const StretchInput& second, uint64_t rounds,
                                   std::atomic<uint64_t>* done, const std::atomic<bool>* stop) {
  Secret memory(kLanes * sizeof(Lane) + alignof(Lane));
  void* start = memory.bytes().data();
  size_t room = memory.size();
  Lane* lanes = new (std::align(alignof(Lane), kLanes * sizeof(Lane), start, room)) Lane[kLanes];
  load(first, lanes[0]);
  load(second, lanes[1]);
  for (uint64_t round = 0; round < rounds;) {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return {};
    const uint64_t piece = std::min(kRoundsBetweenLooks, rounds - round);
    run_rounds(lanes, round, round + piece);
    round += piece;
    if (done != nullptr) done->fetch_add(kLanes * piece, std::memory_order_relaxed);
  }
  return {digest_of(lanes[0]), digest_of(lanes[1])};
}

#else

bool can_stretch_pairs() {
  return false;
}

std::array<Secret, 2> stretch_pair(const StretchInput& first, const StretchInput& second, uint64_t rounds,
                                   std::atomic<uint64_t>* done, const std::atomic<bool>* stop) {
  return {stretch(first.initial, first.salt, rounds, done, stop),
          stretch(second.initial, second.salt, rounds, done, stop)};
}

#endif

}  // namespace mend::crypto
