// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/random.h"

#include <bit>
#include <cstring>

namespace mend::brokenpc {
namespace {

// splitmix64, which spreads a seed over a larger state.
uint64_t spread(uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Random::Random(uint64_t seed, std::string_view purpose) {
  uint64_t state = seed;
  for (char c : purpose) {
    state ^= static_cast<uint8_t>(c);
    state = spread(state);
  }
  for (uint64_t& word : state_) word = spread(state);
}

// xoshiro256**.
uint64_t Random::next() {
  uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void Random::fill(MutableBytes out) {
  for (size_t i = 0; i < out.size(); i += 8) {
    uint8_t word[8];
    write_le<uint64_t>(word, 0, next());
    std::memcpy(out.data() + i, word, std::min<size_t>(8, out.size() - i));
  }
}

ByteVector Random::bytes(size_t size) {
  ByteVector out(size);
  fill(out);
  return out;
}

Guid Random::guid() {
  Guid id;
  fill(id.bytes);
  id.bytes[7] = static_cast<uint8_t>((id.bytes[7] & 0x0f) | 0x40);
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace mend::brokenpc
