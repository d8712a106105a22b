// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/customer.h"

#include <algorithm>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"
#include "tests/unit/keys/keyring_fixture.h"

namespace mend::image {
namespace {

using test::write_text_file;

struct Folder {
  Folder() : path(scratch.path() / "acme") { test::make_customer(path); }
  // Of the folder as it is, signed now or as it was.
  std::string faults() const {
    test::sign_customer(path);
    return faults_unsigned();
  }
  std::string faults_unsigned(const trust::TrustedKeys& trusted = test::trusted()) const {
    try {
      load_customer(path.string(), trusted);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUsage);
      return error.what();
    }
    return "none";
  }
  mend::test::TempFolder scratch;
  std::filesystem::path path;
};

bool contains(const std::string& text, const std::string& what) {
  INFO(text);
  CHECK(text.find(what) != std::string::npos);
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("a customer's folder is read whole; a README and hidden files stay at home", "[image]") {
  const Folder folder;
  write_text_file(folder.path / ".git" / "config", "x");
  write_text_file(folder.path / "keys" / "README.md", "about these keys");
  write_text_file(folder.path / "keys" / ".swp", "x");
  const Customer customer = load_customer(folder.path.string() + "/", test::trusted());
  CHECK(customer.name == "acme");
  CHECK(customer.profile.customer == "Müller & Söhne");
  CHECK(customer.keys == 1);
  CHECK(customer.notes.empty());
  CHECK(customer.incident() == "A test");
  std::vector<std::string> paths;
  for (const FatFile& file : customer.files) paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"keys/PC-1.txt", "manifests/test.toml",
                                          "manifests/test.toml.minisig", "mendstick/trusted/build.pub",
                                          "mendstick/trusted/manifest.pub", "profile.toml",
                                          "profile.toml.minisig"});
}

TEST_CASE("CU-1: what was read is what goes onto the stick", "[image]") {
  const Folder folder;
  const Customer customer = load_customer(folder.path.string(), test::trusted());
  write_text_file(folder.path / "keys" / "PC-1.txt", "changed meanwhile");
  CHECK(as_text(customer.files.front().content.bytes()) == test::kKeyText);
}

TEST_CASE("CU-2: all faults of all files are named at once, with file and line", "[image]") {
  const Folder folder;
  write_text_file(folder.path / "profile.toml",
                  "[customer]\nname = \"A\"\ncolour = 3\n[stick]\nmode = \"fast\"\n");
  write_text_file(folder.path / "manifests" / "bad.toml", "[manifest]\nid = \"x\"\n\nfoo = 1\n");
  write_text_file(folder.path / "keys" / "notes.txt", "there is no key here\n");
  write_text_file(folder.path / "manfests" / "test.toml", "");
  const std::string faults = folder.faults();
  contains(faults, "acme/profile.toml:3:");
  contains(faults, "colour");
  contains(faults, "acme/profile.toml:5:");
  contains(faults, "acme/manifests/bad.toml:4:");
  contains(faults, "acme/keys/notes.txt: there is no key in this file");
  contains(faults, "acme/manfests: not known here");
}

TEST_CASE("keys in clear are put onto a stick only where the profile says so", "[image]") {
  const Folder folder;
  write_text_file(folder.path / "profile.toml", "[customer]\nname = \"Example GmbH\"\n");
  contains(folder.faults(), "acme/keys: these keys are in clear. Seal them");
  // A keyring takes their place; they stay at home.
  const ByteVector keyring = keys::test::sample_keyring();
  write_text_file(folder.path / "keyring", as_text(keyring));
  const Customer customer = load_customer(folder.path.string(), test::trusted());
  CHECK(customer.keys == 0);
  REQUIRE(customer.keyring);
  CHECK(customer.keyring->build == "17");
  std::vector<std::string> paths;
  for (const FatFile& file : customer.files) paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"keyring", "manifests/test.toml", "manifests/test.toml.minisig",
                                          "mendstick/trusted/build.pub", "mendstick/trusted/manifest.pub",
                                          "profile.toml", "profile.toml.minisig"});
  CHECK(equal(customer.files.front().content.bytes(), keyring));
  CHECK(customer.notes.empty());
}

TEST_CASE("a keyring that is damaged, of someone else, or beside plain keys is a fault", "[image]") {
  const Folder folder;
  const ByteVector keyring = keys::test::sample_keyring();
  write_text_file(folder.path / "keyring", as_text(keyring));
  contains(
      folder.faults(),
      "acme/keyring: it is for the customer \"Example GmbH\", and the profile is that of \"M\xc3\xbcller");
  contains(folder.faults(), "acme/keyring: the profile says keys = \"plain\"");
  write_text_file(folder.path / "profile.toml", "[customer]\nname = \"Example GmbH\"\n");
  write_text_file(folder.path / "keyring", as_text(keyring).substr(0, keyring.size() - 1));
  contains(folder.faults(), "acme/keyring is no whole keyring");
  // It is sealed for build 17.
  const std::string minimum = "[customer]\nname = \"Example GmbH\"\n[minimum]\nbuild = ";
  write_text_file(folder.path / "keyring", as_text(keyring));
  write_text_file(folder.path / "profile.toml", minimum + "18\n");
  contains(folder.faults(), "acme/keyring: it was made for build 17; the profile takes none before 18");
  write_text_file(folder.path / "profile.toml", minimum + "17\n");
  CHECK(folder.faults() == "none");
  // Keys that were exported after the sealing.
  write_text_file(folder.path / "keyring", as_text(keyring));
  std::filesystem::last_write_time(folder.path / "keys" / "PC-1.txt",
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  const Customer customer = load_customer(folder.path.string(), test::trusted());
  REQUIRE(customer.notes.size() == 1);
  contains(customer.notes[0], "acme/keys/PC-1.txt: newer than the keyring");
}

TEST_CASE("CU-3: what would not get onto the stick is a fault", "[image]") {
  const Folder folder;
  write_text_file(folder.path / "keys" / "old" / "PC-2.txt", test::kKeyText);
  write_text_file(folder.path / "manifests" / "test.toml.bak", test::kManifestText);
  write_text_file(folder.path / "keys" / "what?.txt", test::kKeyText);
  write_text_file(folder.path / "keys" / "pc-1.TXT", test::kKeyText);
  const std::string faults = folder.faults();
  contains(faults, "acme/keys/old: a folder");
  contains(faults, "acme/manifests/test.toml.bak: a manifest's name ends in .toml");
  contains(faults, "acme/keys/what?.txt: no name for a file on the stick");
  contains(faults, "acme/keys/pc-1.TXT: the same name as PC-1.txt");
}

TEST_CASE("CU-4: a line without a key among others is a note, and holds no key", "[image]") {
  const Folder folder;
  const std::string wrong = "000011-000022-000033-000044-000055-000066-000077-000089";
  write_text_file(folder.path / "keys" / "PC-1.txt", std::string(test::kKeyText) + wrong + "\n");
  const Customer customer = load_customer(folder.path.string(), test::trusted());
  CHECK(customer.keys == 1);
  REQUIRE(customer.notes.size() == 1);
  contains(customer.notes[0], "acme/keys/PC-1.txt:2:");
  CHECK(customer.notes[0].find("000089") == std::string::npos);

  write_text_file(folder.path / "keys" / "PC-1.txt", wrong + "\n");
  const std::string faults = folder.faults();
  contains(faults, "acme/keys/PC-1.txt: there is no key in this file");
  contains(faults, "acme/keys/PC-1.txt:1:");
  CHECK(faults.find("000089") == std::string::npos);
}

TEST_CASE("a stick that would do nothing is no customer's wish, but one that only looks may be", "[image]") {
  const Folder folder;
  std::filesystem::remove_all(folder.path / "manifests");
  std::filesystem::remove_all(folder.path / "keys");
  contains(folder.faults(), "there is no manifest");
  write_text_file(folder.path / "profile.toml", std::string(test::kProfileText) + "mode = \"scan\"\n");
  CHECK(folder.faults() == "none");
  std::filesystem::remove(folder.path / "profile.toml");
  contains(folder.faults(), "acme/profile.toml: missing");
  CHECK_THROWS_AS(load_customer(folder.path.string() + "/nowhere", test::trusted()), Error);
}

TEST_CASE("the folder's name must be usable for the image", "[image]") {
  const mend::test::TempFolder scratch;
  for (const char* name : {"-rf", "what?", "con", "a:b", "dot."}) {
    test::make_customer(scratch.path() / name);
    INFO(name);
    try {
      load_customer((scratch.path() / name).string(), test::trusted());
      FAIL("it was taken");
    } catch (const Error& error) {
      contains(error.what(), "the folder's name");
    }
  }
  CHECK(customer_name("/customers/acme/") == "acme");
  CHECK(customer_name("/customers/acme/x/..") == "acme");
  CHECK(customer_name("/customers/acme/.") == "acme");
}

TEST_CASE("CU-5: what nobody signed, or somebody changed since, is a fault that says how to sign",
          "[image]") {
  const Folder folder;
  CHECK(folder.faults_unsigned() == "none");
  const std::string profile = std::string(test::kProfileText) + "mode = \"ask\"\n";
  write_text_file(folder.path / "profile.toml", profile);
  contains(folder.faults_unsigned(), "acme/profile.toml: it was changed after it was signed");
  test::sign(folder.path / "profile.toml", trust::Role::kManifest);
  contains(folder.faults_unsigned(), "which is not trusted for profiles");
  test::sign(folder.path / "profile.toml", trust::Role::kBuild);
  CHECK(folder.faults_unsigned() == "none");

  write_text_file(folder.path / "manifests" / "more.toml", test::kManifestText);
  std::string faults = folder.faults_unsigned();
  contains(faults, "acme/manifests/more.toml: it is not signed");
  contains(faults, "`mendstick sign ");
  CHECK(faults.find("test.toml:") == std::string::npos);
  test::sign(folder.path / "manifests" / "more.toml", trust::Role::kBuild);
  contains(folder.faults_unsigned(), "which is not trusted for manifests");
  test::sign(folder.path / "manifests" / "more.toml", trust::Role::kManifest);
  CHECK(folder.faults_unsigned() == "none");
  // Another file's signature, and one that is none.
  std::filesystem::copy_file(folder.path / "profile.toml.minisig",
                             folder.path / "manifests" / "more.toml.minisig",
                             std::filesystem::copy_options::overwrite_existing);
  contains(folder.faults_unsigned(), "acme/manifests/more.toml: it is signed with the key");
  write_text_file(folder.path / "manifests" / "more.toml.minisig", "x\ny\n");
  contains(folder.faults_unsigned(), "acme/manifests/more.toml.minisig:3: a signature has 4 lines");
  std::filesystem::remove(folder.path / "manifests" / "more.toml");
  contains(folder.faults_unsigned(), "acme/manifests/more.toml.minisig: a signature without its manifest");

  faults = folder.faults_unsigned({});
  contains(faults, "acme/profile.toml: there is no trusted build key");
  contains(faults, "`mendstick trust new-keys`");
}

TEST_CASE("PF-4: unsigned manifests need a profile that says so, and that is signed where a key is there",
          "[image]") {
  const Folder folder;
  write_text_file(folder.path / "profile.toml", std::string(test::kProfileText) + "unsigned = \"allow\"\n");
  std::filesystem::remove(folder.path / "manifests" / "test.toml.minisig");
  contains(folder.faults_unsigned(), "acme/profile.toml: it was changed after it was signed");
  test::sign(folder.path / "profile.toml", trust::Role::kBuild);
  const Customer customer = load_customer(folder.path.string(), test::trusted());
  REQUIRE(customer.notes.size() == 1);
  contains(customer.notes[0], "acme/manifests/test.toml: nobody signed it");
  // On a host without keys nothing can be checked.
  std::filesystem::remove(folder.path / "profile.toml.minisig");
  CHECK(load_customer(folder.path.string(), {}).notes.size() == 2);
  // A signature that does not hold is no missing one.
  test::sign(folder.path / "profile.toml", trust::Role::kBuild);
  test::sign(folder.path / "manifests" / "test.toml", trust::Role::kManifest);
  write_text_file(folder.path / "manifests" / "test.toml", std::string(test::kManifestText) + "# changed\n");
  contains(folder.faults_unsigned(), "acme/manifests/test.toml: it was changed after it was signed");
}

TEST_CASE("PF-3: a manifest for another customer, or older than the profile's minimum, is a fault",
          "[image]") {
  const Folder folder;
  const auto with = [](const std::string& line) {
    std::string text(test::kManifestText);
    return text.insert(text.find("title"), line + "\n");
  };
  const auto faults_with = [&](const std::string& manifest, const std::string& profile) {
    write_text_file(folder.path / "manifests" / "test.toml", with(manifest));
    write_text_file(folder.path / "profile.toml", std::string(test::kProfileText) + profile);
    return folder.faults();
  };
  CHECK(faults_with("customer = \"Müller & Söhne\"", "") == "none");
  contains(faults_with("customer = \"Other Ltd\"", ""), "it is for the customer \"Other Ltd\"");
  CHECK(faults_with("build = 7", "[minimum]\nbuild = 7\n") == "none");
  CHECK(faults_with("", "[minimum]\nbuild = 7\n") == "none");
  contains(faults_with("build = 6", "[minimum]\nbuild = 7\n"),
           "it was made for build 6; the profile takes none before 7");
  CHECK(faults_with("", "[minimum.manifests]\ntest-1 = 1\nother = 9\n") == "none");
  contains(faults_with("", "[minimum.manifests]\ntest-1 = 2\n"),
           "it is version 1 of test-1; the profile takes none before 2");
}

}  // namespace mend::image
