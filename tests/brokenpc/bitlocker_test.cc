// SPDX-License-Identifier: GPL-3.0-or-later
// The BitLocker writer, judged by dislocker, cryptsetup and libbde.
#include <algorithm>
#include <filesystem>

#include "tests/brokenpc/judges.h"
#include "tests/support/catch.h"
#include "tools/brokenpc/fve_metadata.h"

namespace {

using namespace mend;
using namespace mend::brokenpc;
using mend::test::Answer;
using mend::test::ask;
using mend::test::Bench;
using mend::test::contains;
using mend::test::have;

constexpr uint64_t kMebi = 1 << 20;
const std::vector<Method> kAllMethods = {Method::kXts128, Method::kXts256,         Method::kCbc128,
                                         Method::kCbc256, Method::kCbc128Elephant, Method::kCbc256Elephant};

Options encrypted(const Bench& bench, const std::string& name) {
  Options options = bench.options(name, 64 * kMebi);
  options.encrypt = true;
  return options;
}

bool cryptsetup_opens(const std::string& image, const std::string& secret) {
  return ask({"cryptsetup", "open", "--type", "bitlk", "--test-passphrase", image}, secret).status == 0;
}

// What dislocker makes of the image, or nothing where it gives up.
ByteVector dislocker_decrypts(const Bench& bench, const Made& made, const std::vector<std::string>& key) {
  std::string target = bench.file("decrypted");
  std::filesystem::remove(target);
  std::vector<std::string> command = {"dislocker-file", "-V", made.path};
  command.insert(command.end(), key.begin(), key.end());
  command.insert(command.end(), {"--", target});
  Answer answer = ask(command);
  INFO(answer.output);
  CHECK(answer.status == 0);
  return answer.status == 0 ? test::read_all(target) : ByteVector();
}

// Blocks that are on disk decrypt to what they were; the others held nothing (P-2).
void check_same(Bytes image, Bytes plain, Bytes decrypted) {
  REQUIRE(image.size() == plain.size());
  REQUIRE(decrypted.size() == plain.size());
  size_t on_disk = 0, wrong = 0, lost = 0;
  for (size_t at = 0; at < plain.size(); at += 512) {
    Bytes was = plain.subspan(at, 512);
    if (all_zero(image.subspan(at, 512))) {
      lost += all_zero(was) ? 0u : 1u;
    } else {
      ++on_disk;
      wrong += equal(was, decrypted.subspan(at, 512)) ? 0u : 1u;
    }
  }
  CHECK(on_disk > 1000);
  CHECK(wrong == 0);
  CHECK(lost == 0);
}

}  // namespace

TEST_CASE("dislocker decrypts each method at both sector sizes to the volume as it was", "[brokenpc]") {
  if (!have("dislocker-file", "dislocker")) return;
  Bench bench;
  for (Method method : kAllMethods) {
    for (uint32_t sector : {512u, 4096u}) {
      INFO(to_string(method) << ", sectors of " << sector);
      Options options = encrypted(bench, "image");
      options.size_bytes = 32 * kMebi;
      options.method = method;
      options.sector_bytes = sector;
      options.keep_plain = bench.file("plain");
      Made made = make(options);
      ByteVector decrypted = dislocker_decrypts(bench, made, {"-p" + made.secret("recovery-password")});
      check_same(test::read_all(made.path), test::read_all(options.keep_plain), decrypted);
    }
  }
}

TEST_CASE("all clusters are encrypted when asked for", "[brokenpc]") {
  if (!have("dislocker-file", "dislocker")) return;
  Bench bench;
  Options options = encrypted(bench, "image");
  options.encrypt_all = true;
  options.keep_plain = bench.file("plain");
  Made made = make(options);
  ByteVector decrypted = dislocker_decrypts(bench, made, {"-p" + made.secret("recovery-password")});
  CHECK(decrypted == test::read_all(options.keep_plain));
}

TEST_CASE("cryptsetup opens each method with the recovery password", "[brokenpc]") {
  if (!have("cryptsetup", "cryptsetup-bin")) return;
  Bench bench;
  for (Method method : kAllMethods) {
    INFO(to_string(method));
    Options options = encrypted(bench, "image");
    options.method = method;
    Made made = make(options);
    CHECK(cryptsetup_opens(made.path, made.secret("recovery-password")));
  }
}

TEST_CASE("every protector opens the volume, several at once", "[brokenpc]") {
  Bench bench;
  Options options = encrypted(bench, "image");
  options.recovery_passwords = {"000011-000022-000033-000044-000055-000066-000077-000088",
                                "720885-720885-720885-720885-720885-720885-720885-720885"};
  options.passwords = {"correct horse", "battery staple"};
  options.startup_key_file = bench.file("key.bek");
  options.keep_plain = bench.file("plain");
  Made made = make(options);
  REQUIRE(made.protectors.size() == 6);  // and one that stands for a TPM
  if (have("cryptsetup", "cryptsetup-bin")) {
    for (const std::string& text : options.recovery_passwords) CHECK(cryptsetup_opens(made.path, text));
    for (const std::string& text : options.passwords) CHECK(cryptsetup_opens(made.path, text));
    CHECK_FALSE(cryptsetup_opens(made.path, "correct hose"));
    CHECK_FALSE(cryptsetup_opens(made.path, "000011-000022-000033-000044-000055-000066-000077-000099"));
    CHECK(ask({"cryptsetup", "open", "--type", "bitlk", "--test-passphrase", "--key-file",
               options.startup_key_file, made.path})
              .status == 0);
  }
  if (have("dislocker-file", "dislocker")) {
    ByteVector image = test::read_all(made.path), plain = test::read_all(options.keep_plain);
    check_same(image, plain, dislocker_decrypts(bench, made, {"-f", options.startup_key_file}));
    check_same(image, plain, dislocker_decrypts(bench, made, {"-ucorrect horse"}));
  }
}

TEST_CASE("a suspended volume opens without any key", "[brokenpc]") {
  // cryptsetup 2.6 and libbde 20190102 know nothing of clear keys.
  if (!have("dislocker-file", "dislocker")) return;
  Bench bench;
  Options options = encrypted(bench, "image");
  options.clear_key = true;
  options.keep_plain = bench.file("plain");
  Made made = make(options);
  CHECK(made.protectors.back().type == "clear-key");
  check_same(test::read_all(made.path), test::read_all(options.keep_plain),
             dislocker_decrypts(bench, made, {"-c"}));
}

TEST_CASE("startup keys have the two sizes that Windows writes", "[brokenpc]") {
  Bench bench;
  for (bool windows11 : {false, true}) {
    Options options = encrypted(bench, "image");
    options.recovery_protector = false;
    options.startup_key_file = bench.file("key.bek");
    options.startup_key_windows11 = windows11;
    Made made = make(options);
    CHECK(test::read_all(options.startup_key_file).size() == (windows11 ? 180 : 156));
    if (have("cryptsetup", "cryptsetup-bin"))
      CHECK(ask({"cryptsetup", "open", "--type", "bitlk", "--test-passphrase", "--key-file",
                 options.startup_key_file, made.path})
                .status == 0);
  }
}

TEST_CASE("cryptsetup and libbde read from the metadata what was written there", "[brokenpc]") {
  Bench bench;
  Options options = encrypted(bench, "image");
  options.passwords = {"correct horse"};
  options.host = "BÜRO-7";
  Made made = make(options);
  CHECK(made.description == "BÜRO-7 C: 3/14/2023");
  if (have("cryptsetup", "cryptsetup-bin")) {
    Answer dump = ask({"cryptsetup", "bitlkDump", made.path});
    INFO(dump.output);
    CHECK(dump.status == 0);
    CHECK_THAT(dump.output, contains(made.volume_guid.to_string()));
    CHECK_THAT(dump.output, contains(made.description));
    CHECK_THAT(dump.output, contains("67108864 [bytes]"));
    CHECK_THAT(dump.output, contains("VMK protected with TPM"));
    for (const Protector& protector : made.protectors)
      CHECK_THAT(dump.output, contains(protector.id.to_string()));
  }
  if (have("bdeinfo", "libbde-utils")) {
    // Of XTS with 256 bits and of a clear key libbde 20190102 knows nothing.
    Answer opened = ask({"bdeinfo", "-r", made.secret("recovery-password"), made.path});
    INFO(opened.output);
    CHECK(opened.status == 0);
    CHECK_THAT(opened.output, contains("AES-XTS 128-bit"));
    CHECK_THAT(opened.output, contains(made.description));
    CHECK_THAT(opened.output, !contains("Volume is locked"));
    // Debian 12's says the first, Debian 13's the second.
    const std::string closed = ask({"bdeinfo", made.path}).output;
    CHECK((closed.find("Unable to unlock") != std::string::npos ||
           closed.find("Volume is locked") != std::string::npos));
  }
}

TEST_CASE("each copy of the metadata opens the volume on its own", "[brokenpc]") {
  if (!have("cryptsetup", "cryptsetup-bin")) return;
  Bench bench;
  Made made = make(encrypted(bench, "image"));
  REQUIRE(made.metadata_offsets.size() == 3);
  for (size_t kept = 0; kept < 3; ++kept) {
    std::string copy = bench.file("copy");
    std::filesystem::copy_file(made.path, copy, std::filesystem::copy_options::overwrite_existing);
    ImageFile image = ImageFile::open(copy);
    for (size_t i = 0; i < 3; ++i)
      if (i != kept) image.write(made.metadata_offsets[i] + 200, ByteVector(16, 0x5a));
    CHECK(cryptsetup_opens(copy, made.secret("recovery-password")));
  }
}

TEST_CASE("on a volume of 1 TiB the metadata lie beyond 4 GiB and the image stays sparse", "[brokenpc]") {
  Bench bench;
  Options options = encrypted(bench, "image");
  options.size_bytes = uint64_t{1} << 40;
  options.table = Table::kGpt;
  Made made = make(options);
  CHECK(made.metadata_offsets[2] > uint64_t{1} << 38);
  // Blocks of 512 bytes that are on disk, as `du` counts them.
  Answer used = ask({"du", "-B1", made.path});
  CHECK(std::stoull(used.output) < 600 * kMebi);
}

TEST_CASE("a recovery password with a wrong group is refused, and the group is named", "[brokenpc]") {
  CHECK(to_hex(parse_recovery_password("000011-000022-000033-000044-000055-000066-000077-720885")) ==
        "010002000300040005000600"
        "0700ffff");
  const std::pair<const char*, const char*> cases[] = {
      {"", "group 1"},
      {"000012-000022-000033-000044-000055-000066-000077-000088", "group 1"},
      {"000011-720896-000033-000044-000055-000066-000077-000088", "group 2"},
      {"000011-000022-00003a-000044-000055-000066-000077-000088", "group 3"},
      {"000011-000022-000033-000044-000055-000066-000077-00008", "group 8"},
      {"000011-000022-000033-000044-000055-000066-000077-000088-", "group 8"},
      {"000011-000022-000033-000044-000055-000066-000077", "group 7"}};
  for (const auto& [text, group] : cases) CHECK_THROWS_WITH(parse_recovery_password(text), contains(group));
}
