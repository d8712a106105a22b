// SPDX-License-Identifier: GPL-3.0-or-later
#include "trust/trusted_keys.h"

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/trust/vectors.h"
#include "trust/secret_key.h"

namespace mend::trust {
namespace {

using namespace vectors;

void put(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string failure(const SignedFile& file, Role role, const TrustedKeys& keys) {
  try {
    require_signed(file, role, keys);
  } catch (const Error& error) {
    return std::string(error.id()) + " " + error.what();
  }
  return {};
}

TEST_CASE("TR-7: a key is trusted for what its name says, and for nothing else", "[trust]") {
  const test::TempFolder folder;
  const SecretKey build = SecretKey::make(), manifest = SecretKey::make();
  put(folder / "build.pub", to_file_text(build.public_key()));
  put(folder / "Manifest-2.PUB", to_file_text(manifest.public_key()));
  put(folder / "build.key", "a secret key is none of this folder's business");
  put(folder / ".build.pub.swp", "x");
  const TrustedKeys keys = load_trusted_keys(folder.path());
  REQUIRE(keys.size() == 2);

  put(folder / "m.toml", kContent);
  for (const auto& [key, role, other] : {std::tuple{&build, Role::kBuild, Role::kManifest},
                                         std::tuple{&manifest, Role::kManifest, Role::kBuild}}) {
    put(folder / "m.toml.minisig", to_file_text(key->sign(as_bytes(kContent), "for a test")));
    const SignedFile file = read_signed_file(folder / "m.toml", 1000);
    const Signer signer = require_signed(file, role, keys);
    CHECK(signer.id == key->public_key().id);
    CHECK(signer.comment == "for a test");
    CHECK(failure(file, other, keys).find("trust.stranger") == 0);
    CHECK(failure(file, other, keys).find("(trusted: ") != std::string::npos);
  }
}

TEST_CASE("TR-1: unsigned, changed and signed by a stranger are three things", "[trust]") {
  const test::TempFolder folder;
  const SecretKey key = SecretKey::make();
  const TrustedKeys keys{{"manifest.pub", Role::kManifest, key.public_key()}};
  put(folder / "m.toml", kContent);
  const auto result = [&] {
    return failure(read_signed_file(folder / "m.toml", 1000), Role::kManifest, keys);
  };
  CHECK(result().find("trust.unsigned") == 0);
  put(folder / "m.toml.minisig", kHashedSignature);
  CHECK(result().find("trust.stranger") == 0);
  CHECK(result().find("D018057778911B78") != std::string::npos);
  // A stranger who gives his key the trusted one's id.
  Signature forged = SecretKey::make().sign(as_bytes(kContent), "x");
  forged.key_id = key.public_key().id;
  put(folder / "m.toml.minisig", to_file_text(forged));
  CHECK(result().find("trust.changed") == 0);
  put(folder / "m.toml.minisig", to_file_text(key.sign(as_bytes(kContent), "x")));
  CHECK(result().empty());
  put(folder / "m.toml", kContent + "\n");
  CHECK(result().find("trust.changed") == 0);
  put(folder / "m.toml.minisig", "");
  CHECK(result().find("trust.lines") == 0);
}

TEST_CASE("TR-7: a key whose name says no role, a broken one, and one for both are named", "[trust]") {
  const test::TempFolder folder;
  put(folder / "build.pub", kPublicKey);
  put(folder / "manifest.pub", kPublicKey);
  put(folder / "mine.pub", kPublicKey);
  put(folder / "build-2.pub", "x\n");
  try {
    load_trusted_keys(folder.path());
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    const std::string what = error.what();
    for (const char* part :
         {"mine.pub: its name", "build-2.pub:2: ", "manifest.pub: the same key as build.pub"}) {
      INFO(what);
      CHECK(what.find(part) != std::string::npos);
    }
  }
  CHECK(load_trusted_keys(folder / "nowhere").empty());
}

}  // namespace
}  // namespace mend::trust
