// SPDX-License-Identifier: GPL-3.0-or-later
#include "crypto/sealing.h"

#include <sodium.h>

#include <new>

#include "base/error.h"
#include "crypto/random.h"
#include "crypto/sodium.h"

namespace mend::crypto {
namespace {

static_assert(kSealKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kSealNonceBytes == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(kSealTagBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);
static_assert(kSealedBoxBytes == crypto_box_SEALBYTES && sizeof(PublicKey) == crypto_box_PUBLICKEYBYTES);
static_assert(kStreamHeaderBytes == crypto_secretstream_xchacha20poly1305_HEADERBYTES);
static_assert(kStreamOverheadBytes == crypto_secretstream_xchacha20poly1305_ABYTES);

using StreamState = crypto_secretstream_xchacha20poly1305_state;

void require_size(Bytes bytes, size_t size_bytes) {
  (void)slice(bytes, 0, size_bytes);
  if (bytes.size() != size_bytes) throw_out_of_bounds(0, bytes.size(), size_bytes);
}

// What the library's functions leave of a key on the stack, below the caller's frame.
constexpr size_t kStackBytes = size_t{8} * 1024;

void hash_parts(Bytes key, std::initializer_list<Bytes> parts, MutableBytes out) {
  start_library();
  crypto_generichash_state state;
  const uint8_t* key_bytes = key.empty() ? nullptr : key.data();
  if (crypto_generichash_init(&state, key_bytes, key.size(), out.size()) != 0)
    throw Error(ErrorCode::kUsage, "crypto.blake2b.sizes", "BLAKE2b takes no key or digest of this size");
  for (const Bytes part : parts) crypto_generichash_update(&state, part.data(), part.size());
  crypto_generichash_final(&state, out.data(), out.size());
  sodium_memzero(&state, sizeof state);
  sodium_stackzero(kStackBytes);
}

StreamState* stream_in(Secret& memory) {
  return std::launder(reinterpret_cast<StreamState*>(memory.bytes().data()));
}

}  // namespace

void blake2b(Bytes key, std::initializer_list<Bytes> parts, MutableBytes out) {
  hash_parts(key, parts, out);
}

Secret derive_key(Bytes key, std::initializer_list<Bytes> parts, size_t size_bytes) {
  Secret derived(size_bytes);
  hash_parts(key, parts, derived.bytes());
  return derived;
}

bool is_bearable(const PassphraseCost& cost) {
  return cost.passes >= 1 && cost.memory_kib >= kLeastMemoryKib && cost.memory_kib <= kMostMemoryKib &&
         uint64_t{cost.passes} * cost.memory_kib <= kMostWork;
}

Secret stretch_passphrase(Bytes passphrase, Bytes salt, const PassphraseCost& cost) {
  start_library();
  require_size(salt, crypto_pwhash_argon2id_SALTBYTES);
  if (!is_bearable(cost)) {
    throw Error(ErrorCode::kRefused, "crypto.passphrase.cost",
                "a passphrase's check is to take " + std::to_string(cost.memory_kib / 1024) +
                    " MiB of memory and " + std::to_string(cost.passes) +
                    " passes, which is more than is done here");
  }
  Secret key(kSealKeyBytes);
  const size_t memory_bytes = size_t{cost.memory_kib} * 1024;
  const int result = crypto_pwhash_argon2id(
      key.bytes().data(), key.size(), reinterpret_cast<const char*>(passphrase.data()), passphrase.size(),
      salt.data(), cost.passes, memory_bytes, crypto_pwhash_argon2id_ALG_ARGON2ID13);
  sodium_stackzero(kStackBytes);
  if (result != 0) {
    throw Error(ErrorCode::kIo, "crypto.passphrase.memory",
                "checking the passphrase takes " + std::to_string(cost.memory_kib / 1024) +
                    " MiB of memory, which this machine has not free");
  }
  return key;
}

ByteVector seal(Bytes key, Bytes nonce, Bytes associated, Bytes plaintext) {
  start_library();
  require_size(key, kSealKeyBytes);
  require_size(nonce, kSealNonceBytes);
  ByteVector sealed(plaintext.size() + kSealTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data(), nullptr, plaintext.data(), plaintext.size(),
                                             associated.data(), associated.size(), nullptr, nonce.data(),
                                             key.data());
  sodium_stackzero(kStackBytes);
  return sealed;
}

std::optional<Secret> open_sealed(Bytes key, Bytes nonce, Bytes associated, Bytes sealed) {
  start_library();
  require_size(key, kSealKeyBytes);
  require_size(nonce, kSealNonceBytes);
  if (sealed.size() < kSealTagBytes) return std::nullopt;
  Secret plaintext(sealed.size() - kSealTagBytes);
  const int result = crypto_aead_xchacha20poly1305_ietf_decrypt(
      plaintext.bytes().data(), nullptr, nullptr, sealed.data(), sealed.size(), associated.data(),
      associated.size(), nonce.data(), key.data());
  sodium_stackzero(kStackBytes);
  if (result != 0) return std::nullopt;
  return plaintext;
}

KeyPair make_key_pair() {
  Secret private_key(crypto_box_SECRETKEYBYTES);
  random_bytes(private_key.bytes());
  return key_pair_from(std::move(private_key));
}

KeyPair key_pair_from(Secret private_key) {
  start_library();
  require_size(private_key.bytes(), crypto_box_SECRETKEYBYTES);
  KeyPair pair;
  crypto_scalarmult_base(pair.public_key.data(), private_key.bytes().data());
  pair.private_key = std::move(private_key);
  return pair;
}

ByteVector seal_to(const PublicKey& recipient, Bytes plaintext) {
  start_library();
  ByteVector box(plaintext.size() + kSealedBoxBytes);
  if (crypto_box_seal(box.data(), plaintext.data(), plaintext.size(), recipient.data()) != 0)
    throw Error(ErrorCode::kUsage, "crypto.box.key", "this is no public key that anything can be sealed to");
  return box;
}

std::optional<Secret> open_box(const KeyPair& recipient, Bytes box) {
  start_library();
  require_size(recipient.private_key.bytes(), crypto_box_SECRETKEYBYTES);
  if (box.size() < kSealedBoxBytes) return std::nullopt;
  Secret plaintext(box.size() - kSealedBoxBytes);
  const int result = crypto_box_seal_open(plaintext.bytes().data(), box.data(), box.size(),
                                          recipient.public_key.data(), recipient.private_key.bytes().data());
  sodium_stackzero(kStackBytes);
  if (result != 0) return std::nullopt;
  return plaintext;
}

StreamSealer::StreamSealer(Bytes key) : state_(sizeof(StreamState)) {
  start_library();
  require_size(key, kSealKeyBytes);
  crypto_secretstream_xchacha20poly1305_init_push(new (state_.bytes().data()) StreamState, header_.data(),
                                                  key.data());
}

ByteVector StreamSealer::seal(Bytes message, StreamEnd end) {
  ByteVector sealed(message.size() + kStreamOverheadBytes);
  const uint8_t tag = end == StreamEnd::kLast ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                                              : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
  crypto_secretstream_xchacha20poly1305_push(stream_in(state_), sealed.data(), nullptr, message.data(),
                                             message.size(), nullptr, 0, tag);
  return sealed;
}

StreamOpener::StreamOpener(Bytes key, Bytes header) : state_(sizeof(StreamState)) {
  start_library();
  require_size(key, kSealKeyBytes);
  require_size(header, kStreamHeaderBytes);
  crypto_secretstream_xchacha20poly1305_init_pull(new (state_.bytes().data()) StreamState, header.data(),
                                                  key.data());
}

std::optional<StreamOpener::Message> StreamOpener::open(Bytes sealed) {
  if (sealed.size() < kStreamOverheadBytes) return std::nullopt;
  Message message;
  message.bytes.resize(sealed.size() - kStreamOverheadBytes);
  uint8_t tag = 0;
  if (crypto_secretstream_xchacha20poly1305_pull(stream_in(state_), message.bytes.data(), nullptr, &tag,
                                                 sealed.data(), sealed.size(), nullptr, 0) != 0)
    return std::nullopt;
  if (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) message.end = StreamEnd::kLast;
  return message;
}

bool same_tag(Bytes a, Bytes b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace mend::crypto
