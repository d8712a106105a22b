// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/fve_crypto.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "base/error.h"

namespace mend::brokenpc {
namespace {

void require(int result) {
  if (result != 1) throw Error(ErrorCode::kIo, "brokenpc.crypto.openssl", "OpenSSL refused an operation");
}

int to_int(size_t size) {
  return static_cast<int>(size);
}

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

CipherContext make_cipher(const EVP_CIPHER* cipher, Bytes key) {
  CipherContext context(EVP_CIPHER_CTX_new());
  require(EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), nullptr));
  require(EVP_CIPHER_CTX_set_padding(context.get(), 0));
  return context;
}

std::array<uint8_t, 16> to_block(uint64_t value) {
  std::array<uint8_t, 16> block{};
  write_le<uint64_t>(block, 0, value);
  return block;
}

using Words = std::vector<uint32_t>;

// The inverses of the two diffusers as Ferguson's paper gives them for decryption: word i takes away what
// decryption adds, from the last word back to the first.
void diffuse(Words& words, unsigned cycles, int near, int far, const std::array<int, 4>& rotations) {
  size_t count = words.size();
  auto neighbour = [&](size_t i, int distance) {
    return words[(i + count + static_cast<size_t>(distance + to_int(count))) % count];
  };
  for (unsigned cycle = 0; cycle < cycles; ++cycle)
    for (size_t i = count; i-- > 0;)
      words[i] -= neighbour(i, near) ^ std::rotl(neighbour(i, far), rotations[i % 4]);
}

void diffuse_for_encryption(MutableBytes sector) {
  Words words(sector.size() / 4);
  for (size_t i = 0; i < words.size(); ++i) words[i] = read_le<uint32_t>(sector, 4 * i);
  diffuse(words, 5, -2, -5, {9, 0, 13, 0});
  diffuse(words, 3, 2, 5, {0, 10, 0, 25});
  for (size_t i = 0; i < words.size(); ++i) write_le<uint32_t>(sector, 4 * i, words[i]);
}

bool has_diffuser(Method method) {
  return method == Method::kCbc128Elephant || method == Method::kCbc256Elephant;
}
bool is_xts(Method method) {
  return method == Method::kXts128 || method == Method::kXts256;
}
size_t aes_bytes(Method method) {
  bool small = method == Method::kCbc128 || method == Method::kCbc128Elephant || method == Method::kXts128;
  return small ? 16 : 32;
}

}  // namespace

ByteVector sha256(Bytes data) {
  Sha256Stream stream;
  stream.update(data);
  return stream.finish();
}

struct Sha256Stream::Context {
  DigestContext digest{EVP_MD_CTX_new()};
};

Sha256Stream::Sha256Stream() : context_(new Context) {
  require(EVP_DigestInit_ex(context_->digest.get(), EVP_sha256(), nullptr));
}
Sha256Stream::~Sha256Stream() = default;
void Sha256Stream::update(Bytes data) {
  require(EVP_DigestUpdate(context_->digest.get(), data.data(), data.size()));
}
ByteVector Sha256Stream::finish() {
  ByteVector digest(32);
  require(EVP_DigestFinal_ex(context_->digest.get(), digest.data(), nullptr));
  return digest;
}

ByteVector stretch_key(Bytes initial_hash, Bytes salt) {
  constexpr uint64_t kRounds = 0x100000;
  std::array<uint8_t, 88> state{};  // +0 last hash, +32 initial hash, +64 salt, +80 count
  std::copy(initial_hash.begin(), initial_hash.end(), state.begin() + 32);
  std::copy(salt.begin(), salt.end(), state.begin() + 64);
  DigestContext context(EVP_MD_CTX_new());
  require(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr));
  for (uint64_t round = 0; round < kRounds; ++round) {
    write_le<uint64_t>(state, 80, round);
    require(EVP_DigestInit_ex(context.get(), nullptr, nullptr));
    require(EVP_DigestUpdate(context.get(), state.data(), state.size()));
    require(EVP_DigestFinal_ex(context.get(), state.data(), nullptr));
  }
  return ByteVector(state.begin(), state.begin() + 32);
}

ByteVector seal_ccm(Bytes key, Bytes nonce, Bytes plain) {
  constexpr size_t kTagBytes = 16;
  CipherContext context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* ccm = context.get();
  require(EVP_EncryptInit_ex(ccm, EVP_aes_256_ccm(), nullptr, nullptr, nullptr));
  require(EVP_CIPHER_CTX_ctrl(ccm, EVP_CTRL_AEAD_SET_IVLEN, to_int(nonce.size()), nullptr));
  require(EVP_CIPHER_CTX_ctrl(ccm, EVP_CTRL_AEAD_SET_TAG, to_int(kTagBytes), nullptr));
  require(EVP_EncryptInit_ex(ccm, nullptr, nullptr, key.data(), nonce.data()));
  ByteVector sealed(kTagBytes + plain.size());
  int length = 0;
  require(EVP_EncryptUpdate(ccm, sealed.data() + kTagBytes, &length, plain.data(), to_int(plain.size())));
  require(EVP_EncryptFinal_ex(ccm, sealed.data() + sealed.size(), &length));
  require(EVP_CIPHER_CTX_ctrl(ccm, EVP_CTRL_AEAD_GET_TAG, to_int(kTagBytes), sealed.data()));
  return sealed;
}

size_t volume_key_bytes(Method method) {
  if (has_diffuser(method)) return 64;
  return is_xts(method) ? 2 * aes_bytes(method) : aes_bytes(method);
}

struct SectorCipher::Contexts {
  CipherContext data;        // XTS or CBC
  CipherContext iv;          // CBC: ECB under the same key
  CipherContext sector_key;  // diffuser: ECB under the tweak key
};

SectorCipher::SectorCipher(Method method, Bytes key, uint32_t sector_bytes)
    : contexts_(new Contexts), method_(method), sector_bytes_(sector_bytes) {
  bool large = aes_bytes(method) == 32;
  if (is_xts(method)) {
    contexts_->data = make_cipher(large ? EVP_aes_256_xts() : EVP_aes_128_xts(), key);
    return;
  }
  const EVP_CIPHER* ecb = large ? EVP_aes_256_ecb() : EVP_aes_128_ecb();
  contexts_->data = make_cipher(large ? EVP_aes_256_cbc() : EVP_aes_128_cbc(), key);
  contexts_->iv = make_cipher(ecb, key);
  if (has_diffuser(method)) contexts_->sector_key = make_cipher(ecb, key.subspan(32));
}

SectorCipher::~SectorCipher() = default;

void SectorCipher::encrypt(uint64_t offset, MutableBytes data) {
  for (size_t at = 0; at < data.size(); at += sector_bytes_)
    encrypt_sector(offset + at, slice(data, at, sector_bytes_));
}

// XTS counts sectors; CBC and the diffuser count bytes.
void SectorCipher::encrypt_sector(uint64_t offset, MutableBytes sector) {
  int length = 0;
  std::array<uint8_t, 16> tweak = to_block(is_xts(method_) ? offset / sector_bytes_ : offset);
  if (has_diffuser(method_)) {
    std::array<uint8_t, 32> sector_key{};
    std::array<uint8_t, 16> second = tweak;
    second[15] = 0x80;
    EVP_CIPHER_CTX* ecb = contexts_->sector_key.get();
    require(EVP_EncryptUpdate(ecb, sector_key.data(), &length, tweak.data(), 16));
    require(EVP_EncryptUpdate(ecb, sector_key.data() + 16, &length, second.data(), 16));
    for (size_t i = 0; i < sector.size(); ++i) sector[i] ^= sector_key[i % 32];
    diffuse_for_encryption(sector);
  }
  if (!is_xts(method_))
    require(EVP_EncryptUpdate(contexts_->iv.get(), tweak.data(), &length, tweak.data(), 16));
  EVP_CIPHER_CTX* data = contexts_->data.get();
  require(EVP_EncryptInit_ex(data, nullptr, nullptr, nullptr, tweak.data()));
  require(EVP_EncryptUpdate(data, sector.data(), &length, sector.data(), to_int(sector.size())));
}

}  // namespace mend::brokenpc
