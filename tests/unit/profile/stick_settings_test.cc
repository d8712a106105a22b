// SPDX-License-Identifier: GPL-3.0-or-later
#include "profile/stick_settings.h"

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "profile/accept.h"
#include "profile/stick.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"
#include "trust/secret_key.h"

namespace mend::profile {
namespace {

const std::string kProfileText = "[customer]\nname = \"Acme\"\nbuild = 7\n";

struct Stick {
  Stick() {
    std::filesystem::create_directories(folder / std::string(stick::kTrusted));
    ImageInfo image;
    image.id = std::string(32, '0');
    image.customer = "Acme";
    image.version = "1";
    image.build = 7;
    put(stick::kImageInfo, to_toml(image));
    trust(key);
  }
  void put(std::string_view name, const std::string& text) const {
    std::ofstream(folder / std::string(name), std::ios::binary) << text;
  }
  void trust(const trust::SecretKey& one) const {
    put("mendstick/trusted/build.pub", to_file_text(one.public_key()));
  }
  void profile(const std::string& text, const trust::SecretKey* signer) const {
    put(stick::kProfile, text);
    const std::string signature = signer == nullptr ? "" : to_file_text(signer->sign(as_bytes(text), "x"));
    std::filesystem::remove(folder / std::string(stick::kProfileSignature));
    if (signer != nullptr) put(stick::kProfileSignature, signature);
  }
  std::string fault() const {
    try {
      load_stick_settings(folder.path());
    } catch (const Error& error) {
      return error.id();
    }
    return "";
  }

  test::TempFolder folder;
  trust::SecretKey key = trust::SecretKey::make();
};

TEST_CASE("PF-4: what a stick may do is in a profile that is signed", "[profile]") {
  const Stick stick;
  stick.profile(kProfileText + "[stick]\nshell = true\n", &stick.key);
  const StickSettings settings = load_stick_settings(stick.folder.path());
  CHECK(settings.profile.shell);
  CHECK(settings.signer == trust::to_text(stick.key.public_key().id));
  CHECK_FALSE(settings.takes_unsigned());

  // An unsigned one has no shell to give, nor has one that allows itself to be unsigned.
  stick.profile(kProfileText + "[stick]\nshell = true\n", nullptr);
  CHECK(stick.fault() == "trust.unsigned");
  stick.profile(kProfileText + "[stick]\nshell = true\nunsigned = \"allow\"\n", nullptr);
  CHECK(stick.fault() == "trust.unsigned");
  const trust::SecretKey stranger = trust::SecretKey::make();
  stick.profile(kProfileText, &stranger);
  CHECK(stick.fault() == "trust.stranger");
  // What is not signed is not even read.
  stick.profile("x", nullptr);
  CHECK(stick.fault() == "trust.unsigned");
}

TEST_CASE("PF-4: without a trusted key only a profile that says so is taken unsigned", "[profile]") {
  const Stick stick;
  std::filesystem::remove(stick.folder / "mendstick/trusted/build.pub");
  stick.profile(kProfileText, &stick.key);
  CHECK(stick.fault() == "profile.no_keys");
  stick.profile(kProfileText + "[stick]\nunsigned = \"allow\"\n", nullptr);
  CHECK(stick.fault().empty());
  CHECK(load_stick_settings(stick.folder.path()).takes_unsigned());
  // A key for manifests is none for profiles.
  stick.put("mendstick/trusted/manifest.pub", to_file_text(stick.key.public_key()));
  stick.profile(kProfileText, &stick.key);
  CHECK(stick.fault() == "profile.no_keys");
}

TEST_CASE("PF-5: a signed profile of another customer, or of another build, is not this stick's",
          "[profile]") {
  const Stick stick;
  stick.profile(kProfileText, &stick.key);
  CHECK(stick.fault().empty());
  for (const char* other : {"[customer]\nname = \"Other\"\nbuild = 7\n",
                            "[customer]\nname = \"Acme\"\nbuild = 6\n", "[customer]\nname = \"Acme\"\n"}) {
    stick.profile(other, &stick.key);
    CHECK(stick.fault() == "profile.other_build");
  }
}

TEST_CASE("PF-3: a keyring or a manifest must be this customer's, and not older than the minimum",
          "[profile]") {
  const Profile profile =
      parse(kProfileText + "[minimum]\nbuild = 5\n[minimum.manifests]\nm = 3\n", "p.toml");
  const auto fault = [&](const std::string& customer, const std::string& build) -> std::string {
    keys::KeyringInfo keyring;
    keyring.customer = customer, keyring.build = build;
    try {
      require_accepted(profile, keyring, "keyring");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kRefused);
      return error.id();
    }
    return "";
  };
  CHECK(fault("Acme", "5").empty());
  CHECK(fault("", "9").empty());
  for (const char* build : {"4", "", "5x", "v9"}) CHECK(fault("Acme", build) == "profile.accept.build");
  CHECK(fault("acme", "5") == "profile.accept.customer");

  manifest::Manifest manifest;
  manifest.id = "m";
  manifest.version = 3;
  CHECK_NOTHROW(require_accepted(profile, manifest));
  manifest.version = 2;
  CHECK_THROWS_AS(require_accepted(profile, manifest), Error);
  manifest.id = "another";
  CHECK_NOTHROW(require_accepted(profile, manifest));
  manifest.build = 4;
  CHECK_THROWS_AS(require_accepted(profile, manifest), Error);
}

}  // namespace
}  // namespace mend::profile
