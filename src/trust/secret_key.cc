// SPDX-License-Identifier: GPL-3.0-or-later
#include "trust/secret_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/random.h"
#include "crypto/scrypt.h"
#include "crypto/sealing.h"
#include "trust/lines.h"

namespace mend::trust {
namespace {

// +0x00 "Ed", +0x02 "Sc" or two zeros, +0x04 "B2", +0x06 salt, +0x26 operations, +0x2e memory,
// +0x36 what is encrypted: +0x00 id, +0x08 key, +0x48 BLAKE2b-256 of "Ed", id and key.
constexpr size_t kFunctionAt = 2, kChecksumAt = 4, kSaltAt = 6, kOperationsAt = 0x26, kMemoryAt = 0x2e,
                 kBoxAt = 0x36;
constexpr size_t kIdBytes = 8, kSumBytes = 32;
constexpr size_t kBoxBytes = kIdBytes + crypto::kEd25519SecretBytes + kSumBytes;
constexpr size_t kFileBytes = kBoxAt + kBoxBytes;
constexpr std::string_view kAlgorithm = "Ed", kScrypt = "Sc", kBlake = "B2";
constexpr std::string_view kNoFunction{"\0\0", 2};
constexpr std::string_view kComment = "untrusted comment: minisign encrypted secret key\n";
// More than minisign ever writes is somebody's trap.
constexpr uint64_t kMostOperations = 4 * crypto::kScryptSensitive.operations;
constexpr uint64_t kMostMemoryBytes = 2 * crypto::kScryptSensitive.memory_bytes;

void put(MutableBytes bytes, size_t at, std::string_view text) {
  std::ranges::copy(as_bytes(text), bytes.subspan(at).begin());
}

[[noreturn]] void refuse(ErrorCode code, const char* id, const std::string& file, const char* what) {
  throw Error(code, id, fmt::format("{}:2: {}", printable(file), what));
}

// BLAKE2b-256.
ByteVector checksum(Bytes box) {
  ByteVector digest(kSumBytes);
  crypto::blake2b({}, {as_bytes(kAlgorithm), box.first(kIdBytes + crypto::kEd25519SecretBytes)}, digest);
  return digest;
}

void apply_passphrase(MutableBytes file, const Secret& passphrase) {
  const crypto::ScryptCost cost{read_le<uint64_t>(file, kOperationsAt), read_le<uint64_t>(file, kMemoryAt)};
  const Secret stream =
      crypto::scrypt(passphrase.bytes(), file.subspan(kSaltAt, crypto::kScryptSaltBytes), cost, kBoxBytes);
  for (size_t i = 0; i < kBoxBytes; ++i)
    file[kBoxAt + i] = static_cast<uint8_t>(file[kBoxAt + i] ^ stream.bytes()[i]);
}

void check_cost(Bytes bytes, const std::string& file) {
  if (read_le<uint64_t>(bytes, kOperationsAt) > kMostOperations ||
      read_le<uint64_t>(bytes, kMemoryAt) > kMostMemoryBytes)
    refuse(ErrorCode::kUnsupported, "trust.secret.cost", file,
           "the passphrase's function wants more memory or time than any program of this format asks for");
}

// Decrypts in place.
void open_box(MutableBytes bytes, const std::string& file, const std::function<Secret()>& ask) {
  const std::string_view function = as_text(bytes).substr(kFunctionAt, 2);
  const Bytes box = bytes.subspan(kBoxAt), sum = box.last(kSumBytes);
  if (function == kNoFunction) {
    // minisign leaves the sum at zero here.
    if (!all_zero(sum) && !equal_constant_time(sum, checksum(box)))
      refuse(ErrorCode::kCorrupt, "trust.secret.checksum", file, "the key's checksum does not hold");
    return;
  }
  if (function != kScrypt)
    refuse(ErrorCode::kUnsupported, "trust.secret.function", file,
           "the key is encrypted in a way that is not known here; minisign's is scrypt");
  check_cost(bytes, file);
  apply_passphrase(bytes, ask());
  if (!equal_constant_time(sum, checksum(box)))
    refuse(ErrorCode::kWrongKey, "trust.secret.passphrase", file, "the passphrase does not fit this key");
}

}  // namespace

SecretKey SecretKey::make() {
  SecretKey key;
  crypto::random_bytes(key.id_);
  key.key_ = std::move(crypto::new_ed25519_key_pair().secret);
  return key;
}

SecretKey SecretKey::parse(const Secret& text, const std::string& file, const std::function<Secret()>& ask) {
  const auto lines = split_lines(text.text(), 2, file, "a secret key");
  comment_of(lines[0], kUntrusted, file, 1);
  Secret bytes(kFileBytes);
  decode_line(lines[1], bytes.bytes(), file, 2, "a secret key of minisign");
  if (bytes.text().substr(0, 2) != kAlgorithm || bytes.text().substr(kChecksumAt, 2) != kBlake)
    refuse(ErrorCode::kUnsupported, "trust.secret.algorithm", file, "the key is of a kind not known here");
  open_box(bytes.bytes(), file, ask);
  SecretKey key;
  const Bytes box = std::as_const(bytes).bytes().subspan(kBoxAt);
  std::ranges::copy(box.first(kIdBytes), key.id_.begin());
  key.key_ = Secret(box.subspan(kIdBytes, crypto::kEd25519SecretBytes));
  if (!crypto::is_ed25519_secret(key.key_.bytes()))
    refuse(ErrorCode::kCorrupt, "trust.secret.halves", file, "the key's two halves do not belong together");
  return key;
}

SecretKey SecretKey::load(const std::string& path, const std::function<Secret()>& ask) {
  return parse(read_secret_file(path, kMaximumFileBytes), path, ask);
}

Secret SecretKey::to_file_text(const Secret& passphrase) const {
  Secret bytes(kFileBytes);
  const MutableBytes out = bytes.bytes();
  put(out, 0, kAlgorithm);
  put(out, kChecksumAt, kBlake);
  std::ranges::copy(id_, out.subspan(kBoxAt).begin());
  std::ranges::copy(key_.bytes(), out.subspan(kBoxAt + kIdBytes).begin());
  const ByteVector sum = checksum(out.subspan(kBoxAt));
  std::ranges::copy(sum, out.last(kSumBytes).begin());
  if (!passphrase.empty()) {
    put(out, kFunctionAt, kScrypt);
    crypto::random_bytes(out.subspan(kSaltAt, crypto::kScryptSaltBytes));
    write_le<uint64_t>(out, kOperationsAt, crypto::kScryptSensitive.operations);
    write_le<uint64_t>(out, kMemoryAt, crypto::kScryptSensitive.memory_bytes);
    apply_passphrase(out, passphrase);
  }
  const size_t line_bytes = crypto::base64_size(kFileBytes);
  Secret text(kComment.size() + line_bytes + 1);
  put(text.bytes(), 0, kComment);
  crypto::to_base64(bytes.bytes(), text.bytes().subspan(kComment.size()));
  text.bytes().back() = '\n';  // where the conversion put its zero
  return text;
}

void SecretKey::save(const std::string& path, const Secret& passphrase) const {
  const Secret text = to_file_text(passphrase);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST)
    throw Error(ErrorCode::kRefused, "trust.secret.exists",
                fmt::format("{} is there already; a secret key is never overwritten", printable(path)));
  if (fd < 0) throw_errno("trust.secret.save", "cannot make the file " + printable(path), errno);
  const ssize_t put_bytes = ::write(fd, text.bytes().data(), text.size());
  const bool good = put_bytes == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int cause = errno;
  ::close(fd);
  if (good) return;
  ::unlink(path.c_str());
  throw_errno("trust.secret.save", "cannot write the file " + printable(path), cause);
}

PublicKey SecretKey::public_key() const {
  PublicKey key;
  key.id = id_;
  std::ranges::copy(key_.bytes().last(key.key.size()), key.key.begin());
  return key;
}

Signature SecretKey::sign(Bytes content, const std::string& trusted_comment, Signature::Kind kind) const {
  Signature signature;
  signature.kind = kind;
  signature.key_id = id_;
  signature.trusted_comment = comment_of(std::string(kTrusted) + trusted_comment, kTrusted, "--comment", 1);
  signature.signature = crypto::ed25519_sign(signed_bytes(kind, content), key_.bytes());
  signature.global = crypto::ed25519_sign(globally_signed_bytes(signature), key_.bytes());
  return signature;
}

}  // namespace mend::trust
