// SPDX-License-Identifier: GPL-3.0-or-later
#include "trust/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/sealing.h"
#include "trust/lines.h"

namespace mend::trust {
namespace {

constexpr std::string_view kAlgorithm = "Ed";
constexpr std::string_view kHashedAlgorithm = "ED";

// A public key's line: +0x00 algorithm, +0x02 id, +0x0a key. A signature's: the same with 64 bytes.
constexpr size_t kHashBytes = 64;  // BLAKE2b-512
constexpr size_t kIdAt = 2, kKeyAt = 10;

template <size_t kBytes>
std::array<uint8_t, kBytes> part(Bytes bytes, size_t offset) {
  std::array<uint8_t, kBytes> out{};
  std::ranges::copy(slice(bytes, offset, kBytes), out.begin());
  return out;
}

[[noreturn]] void refuse_algorithm(const std::string& file, std::string_view found) {
  throw Error(ErrorCode::kUnsupported, "trust.algorithm",
              fmt::format("{}:2: the algorithm \"{}\" is not known here; Ed and ED are", printable(file),
                          printable(found)));
}

template <size_t kBytes>
std::string line_of(std::string_view algorithm, const KeyId& id, const std::array<uint8_t, kBytes>& rest) {
  ByteVector bytes(algorithm.begin(), algorithm.end());
  bytes.insert(bytes.end(), id.begin(), id.end());
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return to_base64(bytes);
}

}  // namespace

std::string to_text(const KeyId& id) {
  std::string text;
  for (size_t i = id.size(); i-- > 0;) text += fmt::format("{:02X}", id[i]);
  return text;
}

PublicKey parse_public_key(std::string_view text, const std::string& file) {
  const auto lines = split_lines(text, 2, file, "a public key");
  comment_of(lines[0], kUntrusted, file, 1);
  std::array<uint8_t, kKeyAt + 32> bytes{};
  decode_line(lines[1], bytes, file, 2, "a public key of minisign");
  const std::string_view algorithm = as_text(bytes).substr(0, kIdAt);
  if (algorithm != kAlgorithm) refuse_algorithm(file, algorithm);
  return {part<8>(bytes, kIdAt), part<32>(bytes, kKeyAt)};
}

PublicKey load_public_key(const std::string& path) {
  const ByteVector text = read_file(path, kMaximumFileBytes);
  return parse_public_key(as_text(text), path);
}

std::string to_file_text(const PublicKey& key) {
  return fmt::format("{}minisign public key {}\n{}\n", kUntrusted, to_text(key.id),
                     line_of(kAlgorithm, key.id, key.key));
}

Signature parse_signature(std::string_view text, const std::string& file) {
  const auto lines = split_lines(text, 4, file, "a signature");
  comment_of(lines[0], kUntrusted, file, 1);
  std::array<uint8_t, kKeyAt + 64> bytes{};
  decode_line(lines[1], bytes, file, 2, "a signature of minisign");
  const std::string_view algorithm = as_text(bytes).substr(0, kIdAt);
  if (algorithm != kAlgorithm && algorithm != kHashedAlgorithm) refuse_algorithm(file, algorithm);
  Signature signature;
  signature.kind = algorithm == kAlgorithm ? Signature::Kind::kWhole : Signature::Kind::kHashed;
  signature.key_id = part<8>(bytes, kIdAt);
  signature.signature = part<64>(bytes, kKeyAt);
  signature.trusted_comment = comment_of(lines[2], kTrusted, file, 3);
  decode_line(lines[3], signature.global, file, 4, "a signature of minisign");
  return signature;
}

std::string to_file_text(const Signature& signature) {
  const bool hashed = signature.kind == Signature::Kind::kHashed;
  return fmt::format("{}signature by key {}\n{}\n{}{}\n{}\n", kUntrusted, to_text(signature.key_id),
                     line_of(hashed ? kHashedAlgorithm : kAlgorithm, signature.key_id, signature.signature),
                     kTrusted, signature.trusted_comment, to_base64(signature.global));
}

bool holds(const Signature& signature, Bytes content, const PublicKey& key) {
  return signature.key_id == key.id &&
         crypto::ed25519_holds(signature.signature, signed_bytes(signature.kind, content), key.key) &&
         crypto::ed25519_holds(signature.global, globally_signed_bytes(signature), key.key);
}

ByteVector signed_bytes(Signature::Kind kind, Bytes content) {
  if (kind == Signature::Kind::kWhole) return {content.begin(), content.end()};
  ByteVector digest(kHashBytes);
  crypto::blake2b({}, {content}, digest);
  return digest;
}

ByteVector globally_signed_bytes(const Signature& signature) {
  ByteVector bytes(signature.signature.begin(), signature.signature.end());
  bytes.insert(bytes.end(), signature.trusted_comment.begin(), signature.trusted_comment.end());
  return bytes;
}

}  // namespace mend::trust
