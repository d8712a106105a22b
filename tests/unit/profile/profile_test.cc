// SPDX-License-Identifier: GPL-3.0-or-later
#include "profile/profile.h"

#include "base/error.h"
#include "keys/recipient.h"
#include "tests/support/catch.h"

namespace mend::profile {
namespace {

constexpr const char* kWhole = R"(
[customer]
name = "Acme GmbH"
contact = "Service desk, +49 30 1234567"
hosts = ["ACME-*", "büro-??"]
build = 12

[stick]
unsigned = "allow"
mode = "ask"
at_end = "power-off"
restart_after = 90
disk_timeout = 12
incident = "Channel file 291"
size = "512M"
shell = true

[repair]
check = "full"
any_volume = true
allow_dirty = false
discard_hibernation = "fast-startup"

[minimum]
build = 10
[minimum.manifests]
crowdstrike-2024-07-19 = 3
"a.b" = 1
)";

std::string failure(const std::string& text) {
  try {
    parse(text, "p.toml");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    return error.what();
  }
  return {};
}

TEST_CASE("PF-1: every key of a profile arrives in its field", "[profile]") {
  const Profile profile = parse(kWhole, "p.toml");
  CHECK(profile.customer == "Acme GmbH");
  CHECK(profile.contact == "Service desk, +49 30 1234567");
  CHECK(profile.mode == Mode::kAsk);
  CHECK(profile.at_end == AtEnd::kPowerOff);
  CHECK(profile.restart_after == std::chrono::seconds(90));
  CHECK(profile.disk_timeout == std::chrono::seconds(12));
  CHECK(profile.incident == "Channel file 291");
  CHECK(profile.size_bytes == uint64_t{512} << 20);
  CHECK(profile.shell);
  CHECK(profile.file == "p.toml");
  REQUIRE(profile.repair.size() == 3);
  CHECK(profile.repair[0].option == "any-volume");
  CHECK(profile.repair[0].value == "true");
  CHECK(profile.repair[1].option == "discard-hibernation");
  CHECK(profile.repair[1].value == "fast-startup");
  CHECK(profile.repair[2].option == "check");
  CHECK(profile.repair[2].value == "full");
  CHECK(profile.repair[2].line == 19);
  CHECK(profile.hosts == std::vector<std::string>{"ACME-*", "büro-??"});
  CHECK(profile.build == 12);
  CHECK(profile.unsigned_files == trust::Unsigned::kAllow);
  CHECK(profile.minimum.build == 10);
  CHECK(profile.minimum.manifests ==
        std::map<std::string, int64_t>{{"crowdstrike-2024-07-19", 3}, {"a.b", 1}});
}

TEST_CASE("a profile needs a customer's name and nothing else", "[profile]") {
  const Profile profile = parse("[customer]\nname = \"A\"\n", "p.toml");
  CHECK(profile.mode == Mode::kAuto);
  CHECK(profile.at_end == AtEnd::kRestart);
  CHECK(profile.restart_after == std::chrono::seconds(0));
  CHECK_FALSE(profile.shell);
  CHECK(profile.repair.empty());
  CHECK(profile.size_bytes == 0);
  CHECK(failure("") == "p.toml:1:1: a profile has no 'customer'");
  CHECK(failure("[customer]\n") == "p.toml:1:1: [customer] has no 'name'");
}

TEST_CASE("PF-1, PF-2: what is wrong in a profile is told with its place", "[profile]") {
  const std::string start = "[customer]\nname = \"A\"\n";
  const struct {
    const char* text;
    const char* says;
  } cases[] = {
      {"[stick]\nmode = \"fast\"\n", "p.toml:4:8: 'mode' is 'fast'; it may be auto, ask, scan"},
      {"[stick]\nmode = 1\n", "p.toml:4:8: 'mode' is an integer; it must be a string"},
      {"[stick]\nat_end = \"halt\"\n", "p.toml:4:10: 'at_end' is 'halt'"},
      {"[stick]\nrestart_after = -1\n", "p.toml:4:17: 'restart_after' is -1; it may be from 0 to 3600"},
      {"[stick]\ndisk_timeout = 0\n", "p.toml:4:16: 'disk_timeout' is 0"},
      {"[stick]\nsize = \"256\"\n", "p.toml:4:8: 'size' is '256'"},
      {"[stick]\nsize = \"1M\"\n", "p.toml:4:8: 'size' is '1M'"},
      {"[stick]\nsize = \"99999999999999999999G\"\n", "p.toml:4:8: 'size'"},
      {"[stick]\nshell = \"yes\"\n", "p.toml:4:9: 'shell' is a string; it must be true or false"},
      {"hosts = []\n", "p.toml:3:9: 'hosts' must have 1 to 1000 patterns"},
      {"hosts = \"ACME-*\"\n", "p.toml:3:9: 'hosts' is a string; it must be an array of strings"},
      {"hosts = [\"A\", \"\"]\n", "p.toml:3:15: '' in 'hosts' is empty"},
      {"build = 0\n", "p.toml:3:9: 'build' is 0"},
      {"[stick]\nunsigned = true\n", "p.toml:4:12: 'unsigned' is a boolean; it must be a string"},
      {"[stick]\nunsigned = \"yes\"\n", "p.toml:4:12: 'unsigned' is 'yes'; it may be refuse, allow"},
      {"[minimum]\nmanifests = 3\n", "p.toml:4:13: 'manifests' is an integer; it must be a table"},
      {"[minimum.manifests]\nx = \"3\"\n", "p.toml:4:5: 'x' is a string; it must be an integer"},
      {"[minimum.manifests]\nx = -1\n", "p.toml:4:5: 'x' is -1"},
      {"[minimum]\nkeyring = 3\n", "p.toml:4:1: [minimum] knows no key 'keyring'"},
      {"[stick]\ncolour = 1\n", "p.toml:4:1: [stick] knows no key 'colour'"},
      {"[repair]\ncheck = \"none\"\n", "p.toml:4:9: 'check' is 'none'; it may be touched, full"},
      {"[repair]\ndisk = \"/dev/sda\"\n", "p.toml:4:1: [repair] knows no key 'disk'"},
      {"[repair]\ndry_run = true\n", "p.toml:4:1: [repair] knows no key 'dry_run'"},
      {"[policy]\n", "p.toml:3:2: a profile knows no key 'policy'"},
      {"x =", "p.toml:3:"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const std::string text = failure(start + c.text);
    CAPTURE(text);
    CHECK(text.find(c.says) == 0);
  }
}

TEST_CASE("PF-2: all faults of a profile are told at once", "[profile]") {
  const std::string text = failure("[customer]\nname = \"\"\n[stick]\nmode = \"x\"\nshell = 3\n[what]\n");
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
}

TEST_CASE("a name that could move a cursor is refused", "[profile]") {
  CHECK(failure("[customer]\nname = \"A\\u001b[2J\"\n").find("holds a control") != std::string::npos);
  CHECK(failure("[customer]\nname = \"" + std::string(65, 'x') + "\"\n").find("longer than 64") !=
        std::string::npos);
}

TEST_CASE("PF-1: a profile cut at any length is a profile or an error", "[profile]") {
  const std::string text = kWhole;
  size_t profiles = 0;
  for (size_t length = 0; length <= text.size(); ++length) {
    const std::string said = failure(text.substr(0, length));
    if (said.empty()) ++profiles;
    if (!said.empty()) CHECK(said.find("p.toml:") == 0);
  }
  CHECK(profiles > 10);
}

TEST_CASE("keys are sealed unless the profile says plain; sealed logs need a recipient", "[profile]") {
  const std::string customer = "[customer]\nname = \"A\"\n[stick]\n";
  CHECK(parse(customer, "p").keys == Storage::kSealed);
  CHECK(parse(customer, "p").logs == Storage::kPlain);
  CHECK(parse(customer + "keys = \"plain\"\n", "p").keys == Storage::kPlain);
  CHECK(failure(customer + "keys = \"clear\"\n").find("'keys' is 'clear'; it may be sealed, plain") !=
        std::string::npos);
  CHECK(failure(customer + "logs = \"sealed\"\n").find("needs a 'recipient'") != std::string::npos);
  const crypto::PublicKey key = crypto::make_key_pair().public_key;
  const std::string text = keys::to_text(key);
  const Profile profile = parse(customer + "logs = \"sealed\"\nrecipient = \"" + text + "\"\n", "p");
  CHECK(profile.logs == Storage::kSealed);
  CHECK(profile.recipient == key);
  const std::string wrong = failure(customer + "recipient = \"" + text.substr(1) + "\"\n");
  CHECK(wrong.find("p.toml:4:") != std::string::npos);
  CHECK(wrong.find("no public key") != std::string::npos);
}

TEST_CASE("what an image says of itself is read as it was written", "[profile]") {
  ImageInfo info;
  info.id = "0123456789abcdef0123456789abcdef";
  info.customer = "M\xc3\xbcller \"& S\xc3\xb6hne\" \\ Co";
  info.incident = "CrowdStrike";
  info.built = *parse_iso8601("2026-11-25T12:00:00Z");
  info.version = "0.1.0";
  info.build = 12;
  const ImageInfo read = parse_image_info(to_toml(info), "image.toml");
  CHECK(read.id == info.id);
  CHECK(read.customer == info.customer);
  CHECK(read.incident == info.incident);
  CHECK(read.built == info.built);
  CHECK(read.version == info.version);
  CHECK(read.build == 12);
}

TEST_CASE("a description without an id that is one is refused", "[profile]") {
  const std::string rest =
      "customer = \"A\"\nincident = \"\"\nbuilt = 2026-11-25T12:00:00Z\nversion = \"1\"\n";
  CHECK_NOTHROW(parse_image_info("[image]\nid = \"0123456789abcdef0123456789abcdef\"\n" + rest, "i"));
  CHECK_THROWS_AS(parse_image_info("[image]\nid = \"0123456789ABCDEF0123456789abcdef\"\n" + rest, "i"),
                  Error);
  CHECK_THROWS_AS(parse_image_info("[image]\nid = \"0123\"\n" + rest, "i"), Error);
  CHECK_THROWS_AS(parse_image_info("[image]\n" + rest, "i"), Error);
  CHECK_THROWS_AS(parse_image_info("", "i"), Error);
}

TEST_CASE("a size is a number and a unit", "[profile]") {
  CHECK(parse_size("256M") == uint64_t{256} << 20);
  CHECK(parse_size("1G") == uint64_t{1} << 30);
  CHECK(parse_size("2GiB") == uint64_t{2} << 30);
  for (const char* text : {"", "M", "1", "1K", "-1M", "1.5G", "1 M", "1Mx", "1234567890M"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
}

}  // namespace
}  // namespace mend::profile
