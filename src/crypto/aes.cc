// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/aes.h"

#include <openssl/evp.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <new>

#include "base/error.h"

namespace mend::crypto {
namespace detail {

void FreeCipherContext::operator()(evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);  // wipes the key schedule
}

}  // namespace detail

namespace {

using detail::CipherContext;
constexpr size_t kPieceBytes =
    8192;  // with as much of tweaks or ciphertext it stays in the first-level cache

using Words64 = uint64_t __attribute__((vector_size(16)));
using Words32 = int32_t __attribute__((vector_size(16)));

Words64 load(const uint8_t* from) {
  Words64 value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
void store(uint8_t* to, Words64 value) {
  std::memcpy(to, &value, sizeof value);
}

[[noreturn]] void throw_failed(const char* what) {
  throw Error(ErrorCode::kUnsupported, "crypto.aes.openssl",
              std::string("OpenSSL refused an AES operation: ") + what);
}

void check_length(size_t length, size_t unit) {
  if (unit != 0 && unit <= kPieceBytes && unit % kAesBlockBytes == 0 && length % unit == 0 &&
      length <= INT_MAX)
    return;
  throw Error(ErrorCode::kUsage, "crypto.aes.length",
              "cannot encipher " + std::to_string(length) + " bytes in units of " + std::to_string(unit));
}

const EVP_CIPHER* choose(Bytes key, const EVP_CIPHER* with_16, const EVP_CIPHER* with_32) {
  if (key.size() == 16) return with_16;
  if (key.size() == 32) return with_32;
  throw Error(ErrorCode::kCorrupt, "crypto.aes.key",
              "an AES key of " + std::to_string(key.size()) + " bytes, not 16 or 32");
}

CipherContext make_context(const EVP_CIPHER* cipher, Bytes key, Direction direction) {
  CipherContext context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  const std::array<uint8_t, 16> zero{};
  const int encrypt = direction == Direction::kEncrypt ? 1 : 0;
  if (EVP_CipherInit_ex2(context.get(), cipher, key.data(), zero.data(), encrypt, nullptr) != 1)
    throw_failed("cannot take the key");
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  return context;
}

void restart(const CipherContext& context, const uint8_t* initial_value) {
  if (EVP_CipherInit_ex2(context.get(), nullptr, nullptr, initial_value, -1, nullptr) != 1)
    throw_failed("cannot start a sector");
}

// REQUIRES: length is a multiple of 16 and fits an int.
void run(const CipherContext& context, const uint8_t* in, uint8_t* out, size_t length) {
  int produced = 0;
  if (EVP_CipherUpdate(context.get(), out, &produced, in, static_cast<int>(length)) != 1 ||
      static_cast<size_t>(produced) != length) {
    throw_failed("a sector failed");
  }
}

// The next tweak of XTS: times x in GF(2^128), little-endian. Written in 32-bit lanes because the arithmetic
// shift of those is one instruction everywhere.
inline Words64 next_tweak(Words64 tweak) {
  const Words32 signs = reinterpret_cast<Words32>(tweak) >> 31;
  const Words32 carries = __builtin_shufflevector(signs, signs, 3, 0, 1, 2) & Words32{0x87, 0, 1, 0};
  return (tweak + tweak) ^ reinterpret_cast<Words64>(carries);
}

// XORs each block of `count` neighbouring sectors with its tweak and keeps the tweaks. The sectors go side by
// side, since each chain of tweaks is bound by its latency.
template <size_t kSideBySide>
void apply_tweaks(uint8_t* data, uint8_t* tweaks, const uint8_t* first_tweaks, size_t sector_bytes) {
  std::array<Words64, kSideBySide> tweak{};
  for (size_t i = 0; i < kSideBySide; ++i) tweak[i] = load(first_tweaks + i * kAesBlockBytes);
  for (size_t at = 0; at < sector_bytes; at += kAesBlockBytes) {
    for (size_t i = 0; i < kSideBySide; ++i) {
      const size_t block = i * sector_bytes + at;
      store(tweaks + block, tweak[i]);
      store(data + block, load(data + block) ^ tweak[i]);
      tweak[i] = next_tweak(tweak[i]);
    }
  }
}

}  // namespace

// --- single blocks ---

AesBlocks::AesBlocks(Bytes key, Direction direction)
    : context_(make_context(choose(key, EVP_aes_128_ecb(), EVP_aes_256_ecb()), key, direction)) {}

void AesBlocks::transform(Bytes in, MutableBytes out) {
  check_length(in.size(), kAesBlockBytes);
  check_length(out.size(), kAesBlockBytes);
  if (in.size() != out.size()) throw_failed("input and output differ in size");
  run(context_, in.data(), out.data(), in.size());
}

// --- CBC ---

AesCbc::AesCbc(Bytes key, Direction direction) : direction_(direction), scratch_(kPieceBytes) {
  // Deciphering needs no chain: a block is XORed with the ciphertext before it, so all blocks of a piece go
  // through the block cipher in one call.
  context_ = direction == Direction::kEncrypt
                 ? make_context(choose(key, EVP_aes_128_cbc(), EVP_aes_256_cbc()), key, direction)
                 : make_context(choose(key, EVP_aes_128_ecb(), EVP_aes_256_ecb()), key, direction);
}

void AesCbc::transform(MutableBytes sectors, size_t sector_bytes, Bytes initial_values) {
  check_length(sectors.size(), sector_bytes);
  if (initial_values.size() / kAesBlockBytes != sectors.size() / sector_bytes)
    throw_failed("not one initial value for each sector");
  if (direction_ == Direction::kEncrypt) {
    const uint8_t* initial = initial_values.data();
    for (size_t at = 0; at < sectors.size(); at += sector_bytes, initial += kAesBlockBytes) {
      restart(context_, initial);
      run(context_, &sectors[at], &sectors[at], sector_bytes);
    }
    return;
  }
  decrypt(sectors, sector_bytes, initial_values);
}

void AesCbc::decrypt(MutableBytes sectors, size_t sector_bytes, Bytes initial_values) {
  uint8_t* const ciphertext = scratch_.bytes().data();
  const size_t most = kPieceBytes - kPieceBytes % sector_bytes;
  const uint8_t* initial = initial_values.data();
  for (size_t at = 0; at < sectors.size(); at += most) {
    const size_t length = std::min(most, sectors.size() - at);
    uint8_t* const piece = &sectors[at];
    std::memcpy(ciphertext, piece, length);
    run(context_, ciphertext, piece, length);
    for (size_t start = 0; start < length; start += sector_bytes, initial += kAesBlockBytes) {
      store(piece + start, load(piece + start) ^ load(initial));
      for (size_t block = start + kAesBlockBytes; block < start + sector_bytes; block += kAesBlockBytes)
        store(piece + block, load(piece + block) ^ load(ciphertext + block - kAesBlockBytes));
    }
  }
}

// --- XTS ---

namespace {

Bytes half(Bytes key, size_t index) {
  if (key.size() != 32 && key.size() != 64)
    throw Error(ErrorCode::kCorrupt, "crypto.xts.key",
                "an XTS key of " + std::to_string(key.size()) + " bytes, not 32 or 64");
  return key.subspan(index * key.size() / 2, key.size() / 2);
}

}  // namespace

AesXts::AesXts(Bytes key, Direction direction)
    : tweaks_(half(key, 1), Direction::kEncrypt), scratch_(2 * kPieceBytes) {
  if (equal_constant_time(half(key, 0), half(key, 1)))
    throw Error(ErrorCode::kCorrupt, "crypto.xts.equal", "both halves of an XTS key are the same");
  batch_ = make_context(choose(half(key, 0), EVP_aes_128_ecb(), EVP_aes_256_ecb()), half(key, 0), direction);
  whole_ = make_context(key.size() == 32 ? EVP_aes_128_xts() : EVP_aes_256_xts(), key, direction);
}

void AesXts::transform(MutableBytes sectors, size_t sector_bytes, uint64_t first_sector) {
  check_length(sectors.size(), sector_bytes);
  // Starting OpenSSL's XTS anew costs as much as 300 bytes of data: small sectors go in batches through the
  // block cipher instead (4.7 against 6.7 GB/s at 512 bytes; at 4096 bytes OpenSSL's own is ahead, 8.5 GB/s).
  constexpr size_t kBatchBelow = 2048;
  if (sector_bytes < kBatchBelow) {
    transform_batches(sectors, sector_bytes, first_sector);
    return;
  }
  for (size_t at = 0; at < sectors.size(); at += sector_bytes, ++first_sector) {
    std::array<uint8_t, kAesBlockBytes> number{};
    write_le<uint64_t>(number, 0, first_sector);
    restart(whole_, number.data());
    run(whole_, &sectors[at], &sectors[at], sector_bytes);
  }
}

void AesXts::transform_batches(MutableBytes sectors, size_t sector_bytes, uint64_t first_sector) {
  const size_t most = kPieceBytes / sector_bytes;
  uint8_t* const tweaks = scratch_.bytes().data();
  uint8_t* const first_tweaks = tweaks + kPieceBytes;  // 16 bytes a sector: never more than the piece
  for (size_t at = 0; at < sectors.size();) {
    const size_t count = std::min(most, (sectors.size() - at) / sector_bytes);
    const MutableBytes numbers(first_tweaks, count * kAesBlockBytes);
    for (size_t i = 0; i < count; ++i) {
      write_le<uint64_t>(numbers, i * kAesBlockBytes, first_sector + i);
      write_le<uint64_t>(numbers, i * kAesBlockBytes + 8, 0);
    }
    tweaks_.transform(numbers, numbers);
    uint8_t* const piece = &sectors[at];
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
      apply_tweaks<4>(piece + i * sector_bytes, tweaks + i * sector_bytes, first_tweaks + i * kAesBlockBytes,
                      sector_bytes);
    for (; i < count; ++i)
      apply_tweaks<1>(piece + i * sector_bytes, tweaks + i * sector_bytes, first_tweaks + i * kAesBlockBytes,
                      sector_bytes);
    const size_t length = count * sector_bytes;
    run(batch_, piece, piece, length);
    for (size_t block = 0; block < length; block += kAesBlockBytes)
      store(piece + block, load(piece + block) ^ load(tweaks + block));
    at += length;
    first_sector += count;
  }
}

// --- CCM ---

namespace {

CipherContext make_ccm(Bytes key, Bytes nonce, Bytes tag, Direction direction) {
  if (key.size() != 32 || nonce.size() != kCcmNonceBytes || tag.size() != kCcmTagBytes)
    throw Error(ErrorCode::kCorrupt, "crypto.ccm.size", "key, nonce or tag of a sealed key has a wrong size");
  CipherContext context(EVP_CIPHER_CTX_new());
  if (!context) throw std::bad_alloc();
  EVP_CIPHER_CTX* const raw = context.get();
  const bool encrypt = direction == Direction::kEncrypt;
  const auto* tag_in = encrypt ? nullptr : const_cast<uint8_t*>(tag.data());
  if (EVP_CipherInit_ex2(raw, EVP_aes_256_ccm(), nullptr, nullptr, encrypt ? 1 : 0, nullptr) != 1 ||
      EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_AEAD_SET_IVLEN, kCcmNonceBytes, nullptr) != 1 ||
      EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_AEAD_SET_TAG, kCcmTagBytes, const_cast<uint8_t*>(tag_in)) != 1 ||
      EVP_CipherInit_ex2(raw, nullptr, key.data(), nonce.data(), -1, nullptr) != 1) {
    throw_failed("CCM cannot take key or nonce");
  }
  return context;
}

}  // namespace

std::optional<Secret> ccm_open(Bytes key, Bytes nonce, Bytes tag, Bytes ciphertext) {
  if (ciphertext.empty() || ciphertext.size() > INT_MAX) return std::nullopt;
  const CipherContext context = make_ccm(key, nonce, tag, Direction::kDecrypt);
  Secret plaintext(ciphertext.size());
  int produced = 0;
  const int length = static_cast<int>(ciphertext.size());
  // OpenSSL's CCM takes all input in one update and checks the tag in it.
  if (EVP_DecryptUpdate(context.get(), plaintext.bytes().data(), &produced, ciphertext.data(), length) != 1 ||
      produced != length) {
    return std::nullopt;
  }
  return plaintext;
}

void ccm_seal(Bytes key, Bytes nonce, Bytes plaintext, MutableBytes ciphertext, MutableBytes tag) {
  const CipherContext context = make_ccm(key, nonce, tag, Direction::kEncrypt);
  if (plaintext.empty() || plaintext.size() > INT_MAX || ciphertext.size() != plaintext.size())
    throw_failed("CCM input and output differ in size");
  int produced = 0;
  if (EVP_EncryptUpdate(context.get(), ciphertext.data(), &produced, plaintext.data(),
                        static_cast<int>(plaintext.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), ciphertext.data() + produced, &produced) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kCcmTagBytes, tag.data()) != 1) {
    throw_failed("CCM failed");
  }
}

}  // namespace mend::crypto
