// SPDX-License-Identifier: GPL-3.0-or-later
// The low-level SHA-256 calls are deprecated in OpenSSL 3 in favour of EVP, which costs a third more for each
// digest of 88 bytes; they are confined to this file.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <new>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mend::crypto {
namespace {

constexpr size_t kBlockBytes = SHA256_CBLOCK;
constexpr uint64_t kRoundsBetweenLooks = uint64_t{1} << 14;

// One chain of stretching. The 88 bytes that are hashed in each round and their padding stand in `blocks`; a
// round overwrites the digest at their start and the counter.
struct Chain {
  // +0x00 last digest, +0x20 initial digest, +0x40 salt, +0x50 counter, +0x58 padding: 0x80, zeros, bit
  // length
  alignas(64) std::array<uint8_t, 2 * kBlockBytes> blocks;
  SHA256_CTX context;
};
constexpr size_t kInitialAt = 0x20, kSaltAt = 0x40, kCounterAt = 0x50, kMessageBytes = 0x58;
alignas(16) constexpr std::array<uint32_t, 8> kStart = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// Whole blocks, so the update compresses them at once and keeps nothing. REQUIRES: the state is kStart.
inline void compress_round(Chain& chain) {
  chain.context.Nl = chain.context.Nh = 0;
  SHA256_Update(&chain.context, chain.blocks.data(), chain.blocks.size());
}

// Counter and padding mark go in one store as wide as the load that follows: a load over two fresh stores has
// to wait until both have reached the cache. The same holds for the digest.
inline void set_counter(Chain& chain, uint64_t counter) {
  std::array<uint8_t, 16> field{};
  write_le<uint64_t>(field, 0, counter);
  field[8] = 0x80;
  std::memcpy(chain.blocks.data() + kCounterAt, field.data(), field.size());
}

void run_rounds_portable(Chain& chain, uint64_t first, uint64_t last) {
  for (uint64_t round = first; round < last; ++round) {
    std::memcpy(chain.context.h, kStart.data(), sizeof kStart);
    compress_round(chain);
    for (size_t i = 0; i < 8; ++i) {
      const uint32_t word = __builtin_bswap32(chain.context.h[i]);
      std::memcpy(chain.blocks.data() + 4 * i, &word, sizeof word);
    }
    set_counter(chain, round + 1);
  }
}

#if defined(__x86_64__)
[[gnu::target("ssse3")]] void run_rounds_ssse3(Chain& chain, uint64_t first, uint64_t last) {
  const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
  const auto* start = reinterpret_cast<const __m128i*>(kStart.data());
  const __m128i start_low = _mm_load_si128(start), start_high = _mm_load_si128(start + 1);
  auto* state = reinterpret_cast<__m128i*>(chain.context.h);
  auto* to = reinterpret_cast<__m128i*>(chain.blocks.data());
  for (uint64_t round = first; round < last; ++round) {
    _mm_storeu_si128(state, start_low);
    _mm_storeu_si128(state + 1, start_high);
    compress_round(chain);
    _mm_store_si128(to, _mm_shuffle_epi8(_mm_loadu_si128(state), swap));
    _mm_store_si128(to + 1, _mm_shuffle_epi8(_mm_loadu_si128(state + 1), swap));
    _mm_store_si128(to + 5, _mm_set_epi64x(0x80, static_cast<int64_t>(round + 1)));
  }
}
#endif

using RunRounds = void (*)(Chain&, uint64_t, uint64_t);
RunRounds choose_run_rounds() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("ssse3")) return run_rounds_ssse3;
#endif
  return run_rounds_portable;
}

Secret stretch_with(RunRounds run_rounds, Bytes initial, Bytes salt, uint64_t rounds,
                    std::atomic<uint64_t>* done, const std::atomic<bool>* stop) {
  Secret memory(sizeof(Chain));
  Chain& chain = *new (memory.bytes().data()) Chain{};
  SHA256_Init(&chain.context);
  std::memcpy(chain.blocks.data() + kInitialAt, slice(initial, 0, SHA256_DIGEST_LENGTH).data(),
              SHA256_DIGEST_LENGTH);
  std::memcpy(chain.blocks.data() + kSaltAt, slice(salt, 0, 16).data(), 16);
  set_counter(chain, 0);
  constexpr uint16_t kMessageBits = kMessageBytes * 8;
  chain.blocks[chain.blocks.size() - 2] = kMessageBits >> 8;
  chain.blocks[chain.blocks.size() - 1] = kMessageBits & 0xFF;

  for (uint64_t round = 0; round < rounds;) {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return {};
    const uint64_t piece = std::min(kRoundsBetweenLooks, rounds - round);
    run_rounds(chain, round, round + piece);
    round += piece;
    if (done != nullptr) done->fetch_add(piece, std::memory_order_relaxed);
  }
  return Secret(Bytes(chain.blocks).first(SHA256_DIGEST_LENGTH));
}

SHA256_CTX* context_in(std::array<uint8_t, 128>& state) {
  return std::launder(reinterpret_cast<SHA256_CTX*>(state.data()));
}

}  // namespace

Sha256::Sha256() {
  static_assert(sizeof(SHA256_CTX) <= sizeof state_ && alignof(SHA256_CTX) <= 16);
  SHA256_Init(new (state_.data()) SHA256_CTX);
}

Sha256::~Sha256() {
  wipe(state_);
}

Sha256& Sha256::update(Bytes bytes) {
  if (!bytes.empty()) SHA256_Update(context_in(state_), bytes.data(), bytes.size());
  return *this;
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  SHA256_Final(digest.data(), context_in(state_));
  SHA256_Init(context_in(state_));
  return digest;
}

Sha256Digest sha256(Bytes bytes) {
  return Sha256().update(bytes).finish();
}

Secret stretch(Bytes initial, Bytes salt, uint64_t rounds, std::atomic<uint64_t>* done,
               const std::atomic<bool>* stop) {
  static const RunRounds run_rounds = choose_run_rounds();
  return stretch_with(run_rounds, initial, salt, rounds, done, stop);
}

Secret stretch_portable(Bytes initial, Bytes salt, uint64_t rounds) {
  return stretch_with(run_rounds_portable, initial, salt, rounds, nullptr, nullptr);
}

Sha256Digest bare_compressions(uint64_t count) {
  // In long runs from one buffer: on x86-64 this is some 9 % faster than one call for each compression.
  constexpr uint64_t kBlocksAtOnce = 1024;
  static const std::array<uint8_t, kBlocksAtOnce * kBlockBytes> buffer{};
  SHA256_CTX context;
  SHA256_Init(&context);
  for (uint64_t done = 0; done < count;) {
    const uint64_t blocks = std::min(kBlocksAtOnce, count - done);
    SHA256_Update(&context, buffer.data(), static_cast<size_t>(blocks) * kBlockBytes);
    done += blocks;
  }
  Sha256Digest state;
  std::memcpy(state.data(), context.h, state.size());
  return state;
}

}  // namespace mend::crypto
