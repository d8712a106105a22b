// SPDX-License-Identifier: GPL-3.0-or-later
#include "trust/secret_key.h"

#include <sys/stat.h>

#include "base/error.h"
#include "crypto/base64.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/trust/vectors.h"

namespace mend::trust {
namespace {

using namespace vectors;

Secret no_question() {
  FAIL("asked for a passphrase");
  return {};
}

SecretKey read(const std::string& text, const std::string& passphrase = "") {
  const auto ask = [&] { return Secret(passphrase); };
  return SecretKey::parse(Secret(text), "t.key",
                          passphrase.empty() ? std::function<Secret()>(no_question) : ask);
}

ErrorCode failure(const std::string& text, const std::string& passphrase = kPassphrase) {
  try {
    read(text, passphrase);
  } catch (const Error& error) {
    CHECK(std::string(error.what()).starts_with("t.key:"));
    CHECK(std::string(error.what()).find(text.substr(60, 8)) == std::string::npos);
    return error.code();
  }
  FAIL("taken");
  return {};
}

TEST_CASE("minisign's secret keys sign what minisign signed, byte for byte", "[trust]") {
  for (const SecretKey& key : {read(kSecretKey), read(kEncryptedKey, kPassphrase)}) {
    CHECK(to_file_text(key.public_key()) == kPublicKey);
    const auto rest = [](const std::string& text) { return text.substr(text.find('\n')); };
    CHECK(rest(to_file_text(key.sign(as_bytes(kContent), kHashedComment))) == rest(kHashedSignature));
    CHECK(rest(to_file_text(key.sign(as_bytes(kContent), kWholeComment, Signature::Kind::kWhole))) ==
          rest(kWholeSignature));
  }
}

TEST_CASE("TR-6: a wrong passphrase signs nothing", "[trust]") {
  CHECK(failure(kEncryptedKey, "correct hors") == ErrorCode::kWrongKey);
  CHECK(failure(kEncryptedKey, "Correct horse") == ErrorCode::kWrongKey);
}

TEST_CASE("TR-6: a secret key cut at any length, or with any bit of it turned, signs nothing", "[trust]") {
  const size_t line = kEncryptedKey.find('\n') + 1;
  for (size_t length = 0; length + 1 < kEncryptedKey.size(); ++length) {
    const std::string cut = kEncryptedKey.substr(0, length);
    CHECK_THROWS_AS(read(cut, kPassphrase), Error);
  }
  // A turned bit of the encrypted one costs a whole scrypt: sampled. Of the cost, several numbers come to the
  // same parameters.
  for (size_t bit = 8 * line; bit < 8 * kEncryptedKey.size(); bit += 13) {
    if (bit / 8 - line >= 50 && bit / 8 - line < 72) continue;
    std::string other = kEncryptedKey;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
    INFO("bit " << bit);
    CHECK_THROWS_AS(read(other, kPassphrase), Error);
  }
  const Secret own = read(kSecretKey).to_file_text(Secret());
  for (size_t bit = 8 * own.text().find('\n'); bit < 8 * own.size(); ++bit) {
    std::string other(own.text());
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
    // Salt and cost mean nothing without a passphrase.
    const size_t digit = bit / 8 - own.text().find('\n') - 1;
    if (digit >= 8 && digit < 72) continue;
    INFO("bit " << bit);
    CHECK_THROWS_AS(read(other), Error);
  }
}

TEST_CASE("a cost that no program writes is refused before any memory is taken", "[trust]") {
  const size_t line = kEncryptedKey.find('\n') + 1;
  ByteVector bytes(158), digits(crypto::base64_size(bytes.size()) + 1);
  REQUIRE(crypto::from_base64(std::string_view(kEncryptedKey).substr(line, digits.size() - 1), bytes));
  REQUIRE(read_le<uint64_t>(bytes, 0x2e) == 16777216);
  write_le<uint64_t>(bytes, 0x2e, uint64_t{1} << 40);
  crypto::to_base64(bytes, digits);
  const std::string text =
      kEncryptedKey.substr(0, line) + std::string(as_text(digits)).substr(0, digits.size() - 1);
  CHECK(failure(text) == ErrorCode::kUnsupported);
}

TEST_CASE("what is no secret key is told from one", "[trust]") {
  CHECK(failure(kPublicKey + std::string(20, ' ')) == ErrorCode::kCorrupt);
  CHECK(failure(kHashedSignature) == ErrorCode::kCorrupt);
}

TEST_CASE("TR-5: a key is written once, for its owner only, and read again", "[trust]") {
  const test::TempFolder folder;
  const std::string path = folder / "new.key";
  const SecretKey key = SecretKey::make();
  key.save(path, Secret());
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  CHECK_THROWS_AS(SecretKey::make().save(path, Secret()), Error);
  const SecretKey again = SecretKey::load(path, no_question);
  CHECK(again.public_key().key == key.public_key().key);
  CHECK(again.public_key().id == key.public_key().id);
  CHECK(holds(again.sign(as_bytes(kContent), "x"), as_bytes(kContent), key.public_key()));
  CHECK(SecretKey::make().public_key().key != key.public_key().key);
}

TEST_CASE("a comment that would make another line is not signed", "[trust]") {
  const SecretKey key = read(kSecretKey);
  CHECK_THROWS_AS(key.sign(as_bytes(kContent), "a\nb"), Error);
  CHECK_THROWS_AS(key.sign(as_bytes(kContent), "a\x1b[1m"), Error);
  CHECK_THROWS_AS(key.sign(as_bytes(kContent), std::string(9000, 'x')), Error);
}

}  // namespace
}  // namespace mend::trust
