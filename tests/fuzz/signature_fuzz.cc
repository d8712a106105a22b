// SPDX-License-Identifier: GPL-3.0-or-later
// Signature, public and secret key files from any bytes. The first byte chooses which: values that are
// written as they were read, and a signature that holds only for the text it was made over (TR-1, TR-2); or
// an error with file and line (TR-3). Nothing is trusted that these bytes alone could make up.
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "tests/fuzz/seeds.h"
#include "tests/unit/trust/vectors.h"
#include "trust/secret_key.h"

namespace {

using namespace mend;
using namespace mend::trust;

void require(bool holds) {
  if (!holds) std::abort();
}

void try_signature(std::string_view text) {
  const Signature signature = parse_signature(text, "file");
  require(parse_signature(to_file_text(signature), "file").global == signature.global);
  const PublicKey key = parse_public_key(vectors::kPublicKey, "key");
  // Only minisign's own two signatures hold under this key.
  const bool known = signature.trusted_comment == vectors::kHashedComment ||
                     signature.trusted_comment == vectors::kWholeComment;
  require(!trust::holds(signature, as_bytes(vectors::kContent), key) || known);
  require(!trust::holds(signature, as_bytes("another text"), key));
}

void try_public_key(std::string_view text) {
  const PublicKey key = parse_public_key(text, "file");
  require(parse_public_key(to_file_text(key), "file").key == key.key);
}

void try_secret_key(std::string_view text) {
  struct Asked {};
  try {
    // Never answered: scrypt at the file's own cost would be all that is measured.
    const SecretKey key = SecretKey::parse(Secret(text), "file", []() -> Secret { throw Asked(); });
    require(trust::holds(key.sign(as_bytes("text"), "comment"), as_bytes("text"), key.public_key()));
  } catch (const Asked&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text({data + 1, size - 1});
  try {
    if (data[0] % 3 == 0) try_signature(text);
    if (data[0] % 3 == 1) try_public_key(text);
    if (data[0] % 3 == 2) try_secret_key(text);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupported);
    require(std::string_view(error.what()).starts_with("file:"));
  }
  return 0;
}

std::vector<ByteVector> mend::test::fuzz_seeds() {
  std::vector<ByteVector> seeds;
  for (const auto& [kind, text] :
       {std::pair{'\0', vectors::kHashedSignature}, std::pair{'\0', vectors::kWholeSignature},
        std::pair{'\1', vectors::kPublicKey}, std::pair{'\2', vectors::kSecretKey},
        std::pair{'\2', vectors::kEncryptedKey}}) {
    const std::string seed = kind + text;
    seeds.emplace_back(seed.begin(), seed.end());
  }
  return seeds;
}
