// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/recipient.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace mend::keys {
namespace {

constexpr std::string_view kPublic = "mendstick-public-";
constexpr std::string_view kPrivate = "mendstick-private-";
constexpr size_t kKeyBytes = 32, kCheckBytes = 4;
constexpr uint64_t kMaximumIdentityBytes = 4096;

std::array<uint8_t, kCheckBytes> check_of(std::string_view prefix, Bytes key) {
  std::array<uint8_t, 16> hash{};
  crypto::blake2b({}, {as_bytes(prefix), key}, hash);
  std::array<uint8_t, kCheckBytes> check{};
  std::copy_n(hash.begin(), kCheckBytes, check.begin());
  return check;
}

Secret encode(std::string_view prefix, Bytes key) {
  Secret bytes(kKeyBytes + kCheckBytes);
  std::copy(key.begin(), key.end(), bytes.bytes().begin());
  const auto check = check_of(prefix, key);
  std::copy(check.begin(), check.end(), bytes.bytes().begin() + kKeyBytes);
  Secret text(prefix.size() + 2 * bytes.size());
  std::copy(prefix.begin(), prefix.end(), text.bytes().begin());
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = 0; i < bytes.size(); ++i) {
    text.bytes()[prefix.size() + 2 * i] = static_cast<uint8_t>(kDigits[bytes.bytes()[i] >> 4]);
    text.bytes()[prefix.size() + 2 * i + 1] = static_cast<uint8_t>(kDigits[bytes.bytes()[i] & 15]);
  }
  return text;
}

std::optional<uint8_t> value_of(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<uint8_t>(digit - 'a' + 10);
  return std::nullopt;
}

// The key and its check; nothing where it is no such text.
std::optional<Secret> decode(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  Secret bytes(kKeyBytes + kCheckBytes);
  if (text.size() != 2 * bytes.size()) return std::nullopt;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto high = value_of(text[2 * i]), low = value_of(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.bytes()[i] = static_cast<uint8_t>(*high << 4 | *low);
  }
  return bytes;
}

bool checks(std::string_view prefix, const Secret& bytes) {
  return equal(check_of(prefix, bytes.bytes().first(kKeyBytes)), bytes.bytes().subspan(kKeyBytes));
}

}  // namespace

std::string to_text(const crypto::PublicKey& key) {
  return std::string(encode(kPublic, key).text());
}

crypto::PublicKey parse_recipient(std::string_view text) {
  text = trim_ascii(text);
  const auto bytes = decode(kPublic, text);
  if (!bytes) {
    throw Error(
        ErrorCode::kUsage, "keys.recipient.form",
        text.starts_with(kPrivate)
            ? "this is a private key: give the public one, and keep this one where it was"
            : "this is no public key; it begins with mendstick-public- and has 72 hexadecimal digits");
  }
  if (!checks(kPublic, *bytes))
    throw Error(ErrorCode::kUsage, "keys.recipient.checksum",
                "the public key has a wrong digit: copy it whole");
  crypto::PublicKey key{};
  std::copy_n(bytes->bytes().begin(), kKeyBytes, key.begin());
  return key;
}

Secret to_identity_text(const crypto::KeyPair& pair) {
  const std::string head = "# public key: " + to_text(pair.public_key) + "\n";
  const Secret key = encode(kPrivate, pair.private_key.bytes());
  Secret text(head.size() + key.size() + 1);
  std::copy(head.begin(), head.end(), text.bytes().begin());
  std::copy(key.bytes().begin(), key.bytes().end(),
            text.bytes().begin() + static_cast<std::ptrdiff_t>(head.size()));
  text.bytes()[text.size() - 1] = '\n';
  return text;
}

crypto::KeyPair parse_identity(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim_ascii(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const auto bytes = decode(kPrivate, line);
    if (!bytes) break;
    if (!checks(kPrivate, *bytes))
      throw Error(ErrorCode::kUsage, "keys.identity.checksum", "the private key has a wrong digit");
    return crypto::key_pair_from(Secret(bytes->bytes().first(kKeyBytes)));
  }
  throw Error(ErrorCode::kUsage, "keys.identity.form",
              "there is no private key in it; `mendstick keys recipient` makes one");
}

crypto::KeyPair load_identity(const std::string& path) {
  try {
    const Secret content = read_secret_file(path, kMaximumIdentityBytes);
    return parse_identity(content.text());
  } catch (Error& error) {
    error.with_context(printable(path));
    throw;
  }
}

}  // namespace mend::keys
