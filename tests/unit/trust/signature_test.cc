// SPDX-License-Identifier: GPL-3.0-or-later
#include "trust/signature.h"

#include <optional>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/unit/trust/vectors.h"

namespace mend::trust {
namespace {

using namespace vectors;

PublicKey key() {
  return parse_public_key(kPublicKey, "t.pub");
}

// Whether a signature's text is taken and holds; a refusal is one of the two that are foreseen.
bool good(const std::string& text, std::string_view content = kContent) {
  try {
    return holds(parse_signature(text, "m.minisig"), as_bytes(content), key());
  } catch (const Error& error) {
    CHECK((error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported));
    CHECK(std::string(error.what()).starts_with("m.minisig:"));
    return false;
  }
}

std::string failure(const std::string& text) {
  try {
    parse_signature(text, "m.minisig");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

std::string with(std::string text, const std::string& old, const std::string& replacement) {
  return text.replace(text.find(old), old.size(), replacement);
}

TEST_CASE("TR-1: minisign's signatures hold, of both kinds", "[trust]") {
  CHECK(to_text(key().id) == "D018057778911B78");
  const Signature hashed = parse_signature(kHashedSignature, "m.minisig");
  CHECK(hashed.kind == Signature::Kind::kHashed);
  CHECK(hashed.trusted_comment == kHashedComment);
  CHECK(holds(hashed, as_bytes(kContent), key()));
  const Signature whole = parse_signature(kWholeSignature, "m.minisig");
  CHECK(whole.kind == Signature::Kind::kWhole);
  CHECK(holds(whole, as_bytes(kContent), key()));
}

TEST_CASE("TR-1: a signature holds for no other text, key or comment", "[trust]") {
  for (const std::string& signature : {kHashedSignature, kWholeSignature}) {
    CHECK_FALSE(good(signature, kContent + " "));
    CHECK_FALSE(good(signature, kContent.substr(1)));
    CHECK_FALSE(good(signature, ""));
    for (size_t bit = 0; bit < 8 * kContent.size(); ++bit) {
      std::string other = kContent;
      other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
      CHECK_FALSE(good(signature, other));
    }
    CHECK_FALSE(good(with(signature, "file:m", "file:n")));
  }
  // The two kinds' signatures are not each other's.
  Signature mixed = parse_signature(kHashedSignature, "m");
  mixed.kind = Signature::Kind::kWhole;
  CHECK_FALSE(holds(mixed, as_bytes(kContent), key()));
  Signature comment = parse_signature(kHashedSignature, "m");
  comment.global = parse_signature(kWholeSignature, "m").global;
  CHECK_FALSE(holds(comment, as_bytes(kContent), key()));
  for (size_t bit = 0; bit < 8 * 40; ++bit) {
    PublicKey other = key();
    uint8_t& byte = bit < 64 ? other.id[bit / 8] : other.key[bit / 8 - 8];
    byte = static_cast<uint8_t>(byte ^ 1U << bit % 8);
    CHECK_FALSE(holds(parse_signature(kHashedSignature, "m"), as_bytes(kContent), other));
  }
}

TEST_CASE("TR-2: a signature cut at any length does not hold", "[trust]") {
  for (const std::string& signature : {kHashedSignature, kWholeSignature}) {
    for (size_t length = 0; length + 1 < signature.size(); ++length)
      CHECK_FALSE(good(signature.substr(0, length)));
    CHECK(good(signature.substr(0, signature.size() - 1)));  // all but the last line's end
  }
}

TEST_CASE("TR-2: a signature with any bit turned does not hold, but for the untrusted comment's", "[trust]") {
  for (const std::string& signature : {kHashedSignature, kWholeSignature}) {
    const size_t free_from = std::string("untrusted comment: ").size(), free_to = signature.find('\n');
    for (size_t bit = 0; bit < 8 * signature.size(); ++bit) {
      if (bit / 8 >= free_from && bit / 8 < free_to) continue;
      std::string other = signature;
      other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
      INFO("bit " << bit);
      CHECK_FALSE(good(other));
    }
  }
}

TEST_CASE("TR-2: base 64 with spare bits, spaces or no padding is no signature", "[trust]") {
  // The last digit before "=" has two bits that carry nothing.
  CHECK(failure(with(kHashedSignature, "rw0=", "rw1=")).starts_with("m.minisig:2: "));
  CHECK_FALSE(good(with(kHashedSignature, "rw0=", "rw0")));
  CHECK_FALSE(good(with(kHashedSignature, "nCA==", "nCA= =")));
  CHECK_FALSE(good(with(kHashedSignature, "RUR4", "RU R4")));
  CHECK_FALSE(good(with(kHashedSignature, "/cGN", "_cGN")));
}

TEST_CASE("TR-3: a fault of a signature is named with file and line, and quotes nothing dangerous",
          "[trust]") {
  CHECK(failure("") == "m.minisig:1: a signature has 4 lines; this file ends before");
  CHECK(failure(kHashedSignature + "more\n").starts_with("m.minisig:5: "));
  CHECK(failure(kPublicKey) == "m.minisig:3: a signature has 4 lines; this file ends before");
  CHECK(failure(with(kHashedSignature, "untrusted", "trusted")).starts_with("m.minisig:1: "));
  CHECK(failure(with(kHashedSignature, "\ntrusted comment: ", "\ncomment: ")).starts_with("m.minisig:3: "));
  CHECK(failure(with(kHashedSignature, "file:m", "file:\x1b[2J")).starts_with("m.minisig:3: "));
  CHECK(failure(with(kHashedSignature, "file:m", "file:\xff")).starts_with("m.minisig:3: "));
  CHECK(failure(with(kHashedSignature, "file:m", std::string(9000, 'm'))).starts_with("m.minisig:3: "));
  CHECK(failure(with(kHashedSignature, "H7XO", "####")).starts_with("m.minisig:4: "));
  CHECK(failure(with(kHashedSignature, "RUR4", "RUR5")).empty());  // another key's id
  CHECK(failure(with(kHashedSignature, "RUR4", "QUR4")).starts_with("m.minisig:2: the algorithm"));
}

TEST_CASE("lines may end as Windows ends them", "[trust]") {
  std::string text;
  for (const char c : kHashedSignature) text += c == '\n' ? "\r\n" : std::string(1, c);
  CHECK(good(text));
}

TEST_CASE("public keys and signatures are written as they are read", "[trust]") {
  CHECK(to_file_text(key()) == kPublicKey);
  const Signature signature = parse_signature(kHashedSignature, "m");
  const std::string text = to_file_text(signature);
  CHECK(text.substr(text.find('\n')) == kHashedSignature.substr(kHashedSignature.find('\n')));
}

TEST_CASE("TR-2: a public key cut or with a bit turned is none, or another one", "[trust]") {
  const auto parsed = [](const std::string& text) -> std::optional<PublicKey> {
    try {
      return parse_public_key(text, "t.pub");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).starts_with("t.pub:"));
      return std::nullopt;
    }
  };
  for (size_t length = 0; length + 1 < kPublicKey.size(); ++length)
    CHECK_FALSE(parsed(kPublicKey.substr(0, length)));
  for (size_t bit = 8 * kPublicKey.find('\n'); bit < 8 * kPublicKey.size(); ++bit) {
    std::string text = kPublicKey;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
    const auto other = parsed(text);
    CHECK((!other || other->key != key().key || other->id != key().id));
  }
}

}  // namespace
}  // namespace mend::trust
