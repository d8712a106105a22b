// SPDX-License-Identifier: GPL-3.0-or-later
#include "bitlocker/unlock.h"

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/fve_builder.h"
#include "tests/support/memory_device.h"

namespace mend::bitlocker {
namespace {

using test::FveOptions;
using test::FveVolume;
using test::MemoryDevice;

Metadata read(const FveVolume& volume) {
  MemoryDevice device(volume.image);
  return Metadata::read(device);
}

Credentials with_recovery(size_t which, std::optional<Guid> id = std::nullopt) {
  Credentials credentials;
  credentials.recovery.push_back({id, "", RecoveryPassword::parse(FveVolume::recovery_password(which))});
  return credentials;
}
Credentials with_password(std::string_view password) {
  Credentials credentials;
  credentials.passwords.emplace_back(password);
  return credentials;
}

// unlock() with the answer to "was anything stretched?".
struct Attempt {
  std::optional<Unlocked> unlocked;
  size_t stages = 0;  // how often a stage of stretching began
};
Attempt attempt(const Metadata& metadata, const Credentials& credentials) {
  Attempt result;
  double before = 1;
  result.unlocked = unlock(metadata, credentials, [&](double done) {
    CHECK((done >= 0 && done <= 1));
    if (done == 0 && before != 0) ++result.stages;  // a slow machine may tell 0 more than once
    before = done;
  });
  return result;
}

std::string error_of(const Metadata& metadata, const Credentials& credentials) {
  try {
    (void)unlock(metadata, credentials);
    return "";
  } catch (const Error& error) {
    return error.id();
  }
}

TEST_CASE("Each kind of key opens its protector", "[bitlocker]") {
  FveVolume volume;
  const Metadata metadata = read(volume);
  const auto opens = [&](const Credentials& credentials, const Guid& id, ProtectorType type) {
    const auto unlocked = unlock(metadata, credentials);
    REQUIRE(unlocked);
    CHECK(unlocked->protector_id == id);
    CHECK(unlocked->type == type);
    CHECK(unlocked->keys->method() == Method::kAesXts128);
    CHECK(unlocked->metadata->block_hash() == metadata.block_hash());
  };
  for (const size_t which : {0u, 1u}) {
    opens(with_recovery(which), FveVolume::recovery_id(which), ProtectorType::kRecoveryPassword);
    opens(with_recovery(which, FveVolume::recovery_id(which)), FveVolume::recovery_id(which),
          ProtectorType::kRecoveryPassword);
  }
  opens(with_password(FveVolume::password()), FveVolume::password_id(), ProtectorType::kPassword);
  opens(volume.startup_credentials(), FveVolume::startup_id(), ProtectorType::kStartupKey);
}

TEST_CASE("A clear key opens without any credentials, and before all others", "[bitlocker]") {
  FveOptions options;
  options.clear_key = true;
  const Metadata metadata = read(FveVolume(options));
  const Attempt result = attempt(metadata, with_recovery(0));
  REQUIRE(result.unlocked);
  CHECK(result.unlocked->type == ProtectorType::kClearKey);
  CHECK(result.unlocked->protector_id == FveVolume::clear_id());
  CHECK(result.stages == 0);
}

TEST_CASE("Keys that do not fit open nothing, and nothing is an answer", "[bitlocker]") {
  const Metadata metadata = read(FveVolume());
  CHECK_FALSE(unlock(metadata, {}));
  CHECK_FALSE(unlock(metadata, with_password("anaconda")));
  CHECK_FALSE(unlock(metadata, with_password("")));
  Credentials wrong;
  wrong.recovery.push_back(
      {std::nullopt, "", RecoveryPassword::parse("000011-000022-000033-000044-000055-000066-000077-000088")});
  CHECK_FALSE(unlock(metadata, wrong));
}

TEST_CASE("U-1: a key whose ID is of another volume, or of another protector, is not stretched",
          "[bitlocker]") {
  const Metadata metadata = read(FveVolume());
  for (const Guid& id : {FveVolume::guid(9), FveVolume::tpm_id(), FveVolume::password_id()}) {
    const Attempt result = attempt(metadata, with_recovery(0, id));
    CHECK_FALSE(result.unlocked);
    CHECK(result.stages == 0);
  }
  const Attempt none = attempt(metadata, FveVolume().startup_credentials());
  CHECK(none.unlocked);
  CHECK(none.stages == 0);
}

TEST_CASE("U-1: the key with the right ID goes first and alone", "[bitlocker]") {
  const Metadata metadata = read(FveVolume());
  Credentials credentials = with_password(FveVolume::password());
  for (int i = 0; i < 20; ++i)
    credentials.recovery.push_back(
        {std::nullopt, "OTHER", RecoveryPassword::parse(FveVolume::recovery_password(0))});
  credentials.recovery.push_back(
      {FveVolume::recovery_id(1), "PC01", RecoveryPassword::parse(FveVolume::recovery_password(1))});
  const Attempt result = attempt(metadata, credentials);
  REQUIRE(result.unlocked);
  CHECK(result.unlocked->protector_id == FveVolume::recovery_id(1));
  CHECK(result.stages == 1);
}

TEST_CASE("U-1: a wrong key under the right ID does not keep the others from being tried", "[bitlocker]") {
  const Metadata metadata = read(FveVolume());
  Credentials credentials = with_recovery(0, FveVolume::recovery_id(1));  // the key of the other protector
  credentials.passwords.emplace_back(FveVolume::password());
  const Attempt result = attempt(metadata, credentials);
  REQUIRE(result.unlocked);
  CHECK(result.unlocked->type == ProtectorType::kPassword);
  CHECK(result.stages == 2);
}

TEST_CASE("Many keys without an ID are all tried, on all cores", "[bitlocker]") {
  const Metadata metadata = read(FveVolume());
  Credentials credentials;
  for (unsigned i = 1; i < 8; ++i) {
    const std::string group = std::to_string(110000 + i * 11);
    std::string text;
    for (int k = 0; k < 8; ++k) text += group;
    credentials.recovery.push_back({std::nullopt, "", RecoveryPassword::parse(text)});
  }
  credentials.recovery.push_back(
      {std::nullopt, "", RecoveryPassword::parse(FveVolume::recovery_password(1))});
  const auto unlocked = unlock(metadata, credentials);
  REQUIRE(unlocked);
  CHECK(unlocked->protector_id == FveVolume::recovery_id(1));
}

TEST_CASE("What progress throws comes out of unlock, and the threads are gone", "[bitlocker]") {
  const Metadata metadata = read(FveVolume());
  CHECK_THROWS_AS(unlock(metadata, with_recovery(0), [](double) { throw std::runtime_error("interrupted"); }),
                  std::runtime_error);
  Credentials many = with_recovery(0);
  many.passwords.emplace_back(std::string_view("a"));
  size_t calls = 0;
  CHECK_THROWS_AS(unlock(metadata, with_password("b"),
                         [&](double) {
                           if (++calls == 2) throw std::runtime_error("interrupted");
                         }),
                  std::runtime_error);
}

TEST_CASE("A password that is no UTF-8 is a usage error, told without the password", "[bitlocker]") {
  const Metadata metadata = read(FveVolume());
  CHECK(error_of(metadata, with_password("\xFF\xFE")) == "base.text.utf8");
}

TEST_CASE("U-2: a first copy that was tampered with is passed over for one that was not", "[bitlocker]") {
  FveVolume volume;
  ByteVector block = volume.block;
  block[0x50] ^= 1;  // the volume's GUID
  volume.put_block(0, block, FveVolume::Hash::kStale);
  const Metadata metadata = read(volume);
  CHECK(metadata.volume_guid() != FveVolume::volume_guid());
  const auto unlocked = unlock(metadata, volume.startup_credentials());
  REQUIRE(unlocked);
  CHECK(unlocked->metadata->volume_guid() == FveVolume::volume_guid());
  CHECK(unlocked->keys->metadata_hash() == unlocked->metadata->block_hash());
}

TEST_CASE("U-2: no keys are given out when every copy was tampered with", "[bitlocker]") {
  FveVolume volume;
  ByteVector block = volume.block;
  block[0x50] ^= 1;
  volume.put_all(block, FveVolume::Hash::kStale);
  CHECK(error_of(read(volume), volume.startup_credentials()) == "bitlocker.hash");
}

TEST_CASE("U-2: a sealed hash that is missing or damaged counts as tampering", "[bitlocker]") {
  FveVolume volume;
  for (size_t i = 0; i < 3; ++i) volume.image[volume.offsets()[i] + volume.block.size() + 8 + 8 + 40] ^= 1;
  CHECK(error_of(read(volume), volume.startup_credentials()) == "bitlocker.hash");
  for (size_t i = 0; i < 3; ++i) volume.image[volume.offsets()[i] + volume.block.size() + 8 + 4] = 7;
  CHECK(error_of(read(volume), volume.startup_credentials()) == "bitlocker.hash");
}

TEST_CASE("An unsupported volume is not unlocked, clear key or not", "[bitlocker]") {
  FveOptions options;
  options.clear_key = true;
  FveVolume volume(options);
  ByteVector block = volume.block;
  write_le<uint16_t>(block, 0x0C, 5);
  volume.put_all(block);
  CHECK(error_of(read(volume), {}) == "bitlocker.state.paused");
}

TEST_CASE("An altered copy cannot hide that the volume is unsupported", "[bitlocker]") {
  FveVolume volume;
  ByteVector converting = volume.block;
  write_le<uint16_t>(converting, 0x0E, 1);
  volume.put_all(converting);
  // The first copy claims that all is well; its hash cannot be sealed without the key.
  volume.put_block(0, volume.block, FveVolume::Hash::kStale);
  volume.image[volume.offsets()[0] + volume.block.size() + 8 + 8 + 40] ^= 1;
  CHECK(error_of(read(volume), volume.startup_credentials()) == "bitlocker.state.converting");
}

TEST_CASE("Any bit flipped under a right checksum gives keys, nothing, or an Error, never another method",
          "[bitlocker]") {
  FveVolume volume;
  const Credentials startup = volume.startup_credentials();
  const auto good = unlock(read(volume), startup);
  REQUIRE(good);
  ByteVector block = volume.block;
  size_t keys = 0;
  for (size_t bit = 0; bit < block.size() * 8; bit += 5) {
    block[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    volume.put_all(block, FveVolume::Hash::kStale);
    try {
      if (unlock(read(volume), startup)) ++keys;
    } catch (const Error&) {
    }
    block[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
  }
  CHECK(keys == 0);
}

TEST_CASE("Volume keys of a size that the method does not have are refused", "[bitlocker]") {
  CHECK_THROWS_AS(VolumeKeys(Method::kAesXts128, Secret(16), Secret(), {}), Error);
  CHECK_THROWS_AS(VolumeKeys(Method::kAesCbc128Elephant, Secret(16), Secret(), {}), Error);
  CHECK_THROWS_AS(VolumeKeys(Method::kAesCbc128, Secret(16), Secret(16), {}), Error);
  CHECK_THROWS_AS(VolumeKeys(Method::kUnknown, Secret(16), Secret(), {}), Error);
}

TEST_CASE("Every method unlocks, version 1 too", "[bitlocker]") {
  for (const Method method : {Method::kAesCbc128Elephant, Method::kAesCbc256Elephant, Method::kAesCbc128,
                              Method::kAesCbc256, Method::kAesXts128, Method::kAesXts256}) {
    for (const Layout layout : {Layout::kFixed, Layout::kVista}) {
      FveOptions options;
      options.method = method, options.layout = layout;
      const FveVolume volume(options);
      const auto unlocked = unlock(read(volume), volume.startup_credentials());
      REQUIRE(unlocked);
      CHECK(unlocked->keys->tweak_key().empty() ==
            (method != Method::kAesCbc128Elephant && method != Method::kAesCbc256Elephant));
    }
  }
}

}  // namespace
}  // namespace mend::bitlocker
