// SPDX-License-Identifier: GPL-3.0-or-later
// Looks through the memory of this process while a keyring is open, and after it. All secrets are made by a
// child, which writes the keyring, and are known here with every bit turned over.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>

#include "base/file.h"
#include "crypto/random.h"
#include "tests/support/catch.h"
#include "tests/support/memory_search.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/keys/keyring_fixture.h"

namespace mend::keys::test {
namespace {

using mend::test::find_in_memory;
using mend::test::TempFolder;

constexpr size_t kPieceBytes = 16;  // of each secret, so many bytes are looked for

void turn(MutableBytes bytes) {
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(~byte);
}

// Where 16 bytes lie in memory that was written to, if anywhere. `turned` is never turned back here.
std::string place_of(const uint8_t* turned) {
  const auto is_here = [&](const uint8_t* at) {
    for (size_t i = 0; i < kPieceBytes; ++i)
      if (at[i] != static_cast<uint8_t>(~turned[i])) return false;
    return true;
  };
  return find_in_memory(kPieceBytes, is_here).value_or("");
}

void in_child(const std::function<void()>& work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      work();
    } catch (const std::exception&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}

void write_all(const std::string& path, Bytes bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

// The secrets of the child, turned over, one after the other.
enum Secrets : size_t {
  kPassphraseText,
  kMaster,
  kIndex,
  kRows,
  kFile,
  kWantedKey,
  kOtherKey,
  kOtherStartup,
  kCount
};

// A keyring of random keys, its passphrase (turned over), and all of its secrets (the same).
void make_keyring(const TempFolder& folder) {
  in_child([&] {
    bitlocker::Credentials keys;
    ByteVector secrets(kCount * kPieceBytes);
    const auto note = [&](Secrets which, Bytes bytes) {
      std::copy_n(bytes.begin(), kPieceBytes, secrets.begin() + static_cast<ptrdiff_t>(which * kPieceBytes));
    };
    const auto random = [](size_t size) {
      ByteVector bytes(size);
      crypto::random_bytes(bytes);
      return bytes;
    };
    for (uint32_t n = 1; n <= 2; ++n) {
      const ByteVector words = random(16);
      keys.recovery.push_back({sealed_id(n), "PC01", bitlocker::RecoveryPassword::from_words(words)});
      note(n == 1 ? kWantedKey : kOtherKey, words);
    }
    const ByteVector startup = random(32);
    keys.startup_keys.push_back(bitlocker::StartupKey::from_parts(sealed_id(9), std::nullopt, startup));
    note(kOtherStartup, startup);
    SealRequest request = sample_request();
    request.random_bytes = [&](MutableBytes out) {
      crypto::random_bytes(out);
      if (out.size() != keyring_format::kMasterBytes) return;
      const keyring_format::Subkeys subkeys = keyring_format::derive(Secret(Bytes(out)));
      note(kMaster, out);
      note(kIndex, subkeys.index.bytes());
      note(kRows, subkeys.rows.bytes());
      note(kFile, subkeys.file.bytes());
    };
    const Passphrase passphrase = Passphrase::generate();
    note(kPassphraseText, passphrase.text().bytes());
    write_all(folder / "keyring", seal_keyring(keys, passphrase, request));
    ByteVector typed(passphrase.text().bytes().begin(), passphrase.text().bytes().end());
    turn(typed);
    turn(secrets);
    write_all(folder / "typed", typed);
    write_all(folder / "secrets", secrets);
  });
}

TEST_CASE("KR-3 and KR-4: one volume's key is all that an open keyring puts into memory, and nothing stays",
          "[keys]") {
  const TempFolder folder;
  make_keyring(folder);
  const ByteVector turned = read_file(folder / "secrets", 4096);
  REQUIRE(turned.size() == kCount * kPieceBytes);
  const auto place = [&](Secrets which) { return place_of(turned.data() + which * kPieceBytes); };
  for (size_t which = 0; which < kCount; ++which) CHECK(place(static_cast<Secrets>(which)).empty());
  {
    bitlocker::Credentials keys;
    {
      const Keyring keyring = Keyring::load(folder / "keyring");
      Secret typed = read_secret_file(folder / "typed", 4096);
      turn(typed.bytes());
      const OpenKeyring open = keyring.open(Passphrase::parse(keyring.info().form, typed.text()));
      typed = Secret();
      REQUIRE(open.take({{sealed_id(1)}, {}, "PC01"}, keys) == 1);
      CHECK(place(kPassphraseText).empty());
      CHECK(place(kMaster).empty());
      CHECK(place(kOtherKey).empty());
      CHECK(place(kOtherStartup).empty());
      CHECK_FALSE(place(kWantedKey).empty());  // so it would be found
      CHECK_FALSE(place(kRows).empty());       // what finds and opens rows, until the keyring is closed
    }
    for (const Secrets which : {kPassphraseText, kMaster, kIndex, kRows, kFile, kOtherKey, kOtherStartup}) {
      CAPTURE(which);
      CHECK(place(which).empty());
    }
    CHECK_FALSE(place(kWantedKey).empty());
  }
  CHECK(place(kWantedKey).empty());
}

}  // namespace
}  // namespace mend::keys::test
