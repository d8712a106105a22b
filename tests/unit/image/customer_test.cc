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
  std::string faults() const {
    try {
      load_customer(path.string());
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
  const Customer customer = load_customer(folder.path.string() + "/");
  CHECK(customer.name == "acme");
  CHECK(customer.profile.customer == "Müller & Söhne");
  CHECK(customer.keys == 1);
  CHECK(customer.notes.empty());
  CHECK(customer.incident() == "A test");
  std::vector<std::string> paths;
  for (const FatFile& file : customer.files) paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"keys/PC-1.txt", "manifests/test.toml", "profile.toml"});
}

TEST_CASE("CU-1: what was read is what goes onto the stick", "[image]") {
  const Folder folder;
  const Customer customer = load_customer(folder.path.string());
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
  const Customer customer = load_customer(folder.path.string());
  CHECK(customer.keys == 0);
  REQUIRE(customer.keyring);
  CHECK(customer.keyring->build == "17");
  std::vector<std::string> paths;
  for (const FatFile& file : customer.files) paths.push_back(file.path);
  CHECK(paths == std::vector<std::string>{"keyring", "manifests/test.toml", "profile.toml"});
  CHECK(equal(customer.files.front().content.bytes(), keyring));
  CHECK(customer.notes.empty());
}

TEST_CASE("a keyring that is damaged, of someone else, or beside plain keys is a fault", "[image]") {
  const Folder folder;
  const ByteVector keyring = keys::test::sample_keyring();
  write_text_file(folder.path / "keyring", as_text(keyring));
  contains(folder.faults(),
           "acme/keyring: it was sealed for Example GmbH, and the profile is of M\xc3\xbcller");
  contains(folder.faults(), "acme/keyring: the profile says keys = \"plain\"");
  write_text_file(folder.path / "profile.toml", "[customer]\nname = \"Example GmbH\"\n");
  write_text_file(folder.path / "keyring", as_text(keyring).substr(0, keyring.size() - 1));
  contains(folder.faults(), "acme/keyring is no whole keyring");
  // Keys that were exported after the sealing.
  write_text_file(folder.path / "keyring", as_text(keyring));
  std::filesystem::last_write_time(folder.path / "keys" / "PC-1.txt",
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  const Customer customer = load_customer(folder.path.string());
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
  const Customer customer = load_customer(folder.path.string());
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
  write_text_file(folder.path / "profile.toml",
                  std::string(test::kProfileText) + "mode = \"scan\"\n");
  CHECK(folder.faults() == "none");
  std::filesystem::remove(folder.path / "profile.toml");
  contains(folder.faults(), "acme/profile.toml: missing");
  CHECK_THROWS_AS(load_customer(folder.path.string() + "/nowhere"), Error);
}

TEST_CASE("the folder's name must be usable for the image", "[image]") {
  const mend::test::TempFolder scratch;
  for (const char* name : {"-rf", "what?", "con", "a:b", "dot."}) {
    test::make_customer(scratch.path() / name);
    INFO(name);
    try {
      load_customer((scratch.path() / name).string());
      FAIL("it was taken");
    } catch (const Error& error) {
      contains(error.what(), "the folder's name");
    }
  }
  CHECK(customer_name("/customers/acme/") == "acme");
  CHECK(customer_name("/customers/acme/x/..") == "acme");
  CHECK(customer_name("/customers/acme/.") == "acme");
}

}  // namespace mend::image
