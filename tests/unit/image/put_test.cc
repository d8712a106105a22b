// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/put.h"

#include "image/build.h"
#include "image/verify.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"
#include "tests/unit/keys/keyring_fixture.h"

namespace mend::image {
namespace {

struct Silent : Progress {
  void step(std::string_view, double) override {}
  void note(std::string_view) override {}
};

struct Built {
  Built() {
    const auto customer = folder.path() / "acme";
    test::write_text_file(
        customer / "profile.toml",
        "[customer]\nname = \"Example GmbH\"\n[stick]\nunsigned = \"allow\"\n[minimum]\nbuild = 17\n");
    test::write_text_file(customer / "manifests" / "test.toml", test::kManifestText);
    test::write_text_file(customer / "keyring", as_text(keys::test::sample_keyring()));
    const Base base = test::small_base(folder.path() / "base");
    BuildOptions options;
    options.read_me = "@CUSTOMER@\n";
    options.built = parse_iso8601("2026-11-25T12:00:00Z").value();
    options.size_bytes = 64 * kMiB;
    RangeHasher hasher;
    build_image(base, load_customer(customer.string(), {}), options, image, hasher, progress);
  }
  VerifyReport verified(const std::string& path, const std::string& bmap = "") {
    return verify_stick({path, bmap, {}, {}}, progress);
  }
  mend::test::TempFolder folder;
  Silent progress;
  std::string image = folder / "acme.img";
};

bool has(const std::vector<std::string>& lines, std::string_view what) {
  for (const std::string& line : lines) {
    if (line.find(what) != std::string::npos) return true;
  }
  return false;
}

// Another one of the same customer, larger than the room of the old one.
ByteVector other_keyring(const std::string& customer = "Example GmbH", const std::string& build = "17") {
  bitlocker::Credentials keys = keys::test::sample_keys();
  for (uint16_t n = 0; n < 300; ++n) keys::test::add(keys, n, keys::test::sealed_id(1000u + n), "PC");
  keys::SealRequest request = keys::test::sample_request();
  request.customer = customer;
  request.build = build;
  return keys::seal_keyring(keys, keys::Passphrase::choose(keys::test::kDigits), request);
}

TEST_CASE("PU-4: an image with another keyring is good, and so is a stick", "[image]") {
  Built built;
  const std::string stick = built.folder / "stick";
  std::filesystem::copy_file(built.image, stick);
  std::filesystem::copy_file(built.image + ".bmap", built.folder / "first.bmap");
  const keys::Keyring other = keys::Keyring::parse(other_keyring(), "other");
  for (const std::string& target : {built.image, stick}) {
    put_keyring({target, "", {}}, other, built.progress);
    const VerifyReport report =
        built.verified(target, target == stick ? built.folder / "first.bmap" : std::string());
    CAPTURE(report.findings, report.notes);
    CHECK(report.findings.empty());
    CHECK(has(report.notes,
              "another one than it was built with: whole, sealed 2026-11-25T12:00:00Z for Example GmbH"));
  }
  CHECK(has(built.verified(built.image).notes, "every byte is as"));
  const auto read = test::run_judge({"mtype", "-i", test::volume_of(stick), "::keyring"});
  CHECK(read.status == 0);
  CHECK(equal(as_bytes(read.output), other.bytes()));
}

TEST_CASE(
    "PU-2: a keyring of another customer, or an older build, is refused, and so is a disk that is no stick",
    "[image]") {
  Built built;
  const std::string before = test::read_text(built.image);
  const keys::Keyring stranger = keys::Keyring::parse(other_keyring("Somebody AG"), "other");
  const std::string fault = test::fault_of([&] {
    put_keyring({built.image, "", {}}, stranger, built.progress);
  });
  CHECK(fault.find("image.put.customer: the keyring is of Somebody AG") == 0);
  CHECK(test::read_text(built.image) == before);
  const keys::Keyring old = keys::Keyring::parse(other_keyring("Example GmbH", "16"), "old");
  CHECK(test::fault_of([&] {
          put_keyring({built.image, "", {}}, old, built.progress);
        }).find("profile.accept.build: the keyring: it was made for build 16") == 0);
  CHECK(test::read_text(built.image) == before);
  test::write_text_file(built.folder.path() / "zeros", std::string(3 * kMiB, '\0'));
  CHECK(test::fault_of([&] {
          put_keyring({built.folder / "zeros", "", {}}, stranger, built.progress);
        }).find("image.reader.volume") == 0);
}

TEST_CASE("VE-1: a keyring that was damaged on the stick is a finding", "[image]") {
  Built built;
  ByteVector damaged = other_keyring();
  damaged[600] ^= 1;
  test::write_text_file(built.folder.path() / "damaged", as_text(damaged));
  REQUIRE(test::run_judge(
              {"mcopy", "-o", "-i", test::volume_of(built.image), built.folder / "damaged", "::keyring"})
              .status == 0);
  std::filesystem::remove(built.image + ".bmap");
  std::filesystem::remove(built.image + ".sha256");
  CHECK(has(built.verified(built.image).findings, "the keyring on it is no whole keyring"));
}

}  // namespace
}  // namespace mend::image
