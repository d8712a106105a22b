// SPDX-License-Identifier: GPL-3.0-or-later
#include "mend/options.h"

#include "base/error.h"
#include "tests/support/catch.h"

namespace mend {
namespace {

constexpr const char* kKey = "111111-222222-333333-444444-555555-666666-111111-222222";

Options parse(std::vector<std::string> words) {
  words.insert(words.begin(), "mend");
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& word : words) argv.push_back(word.data());
  return parse_options(static_cast<int>(argv.size()), argv.data());
}

std::string refusal(const std::vector<std::string>& words) {
  try {
    parse(words);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    return error.what();
  }
  FAIL("the command line was taken");
  return {};
}

TEST_CASE("a repair's options arrive in its request", "[mend]") {
  const Options options = parse({"repair",    "--disk",      "a.img",         "--disk",
                                 "b.img",     "--manifest",  "m.toml",        "--recovery-key",
                                 kKey,        "--password",  "secret",        "--any-volume",
                                 "--check",   "full",        "--allow-dirty", "--discard-hibernation",
                                 "--dry-run", "--audit-dir", "stick",         "--json"});
  CHECK(options.command == Command::kRepair);
  CHECK(options.json);
  const repair::Request& request = options.request;
  CHECK(request.disks == std::vector<std::string>{"a.img", "b.img"});
  CHECK(request.manifests == std::vector<std::string>{"m.toml"});
  CHECK(request.credentials.recovery.size() == 1);
  REQUIRE(request.credentials.passwords.size() == 1);
  CHECK(request.credentials.passwords[0].text() == "secret");
  CHECK(request.any_volume);
  CHECK(request.check == repair::CheckDepth::kFull);
  CHECK(request.allow_dirty);
  CHECK(request.discard == repair::Discard::kAll);
  CHECK(request.dry_run);
  CHECK(request.audit_directory == "stick");
}

TEST_CASE("which session may be given up is said with =", "[mend]") {
  const auto discard = [](const std::string& option) {
    return parse({"repair", "--disk", "a", "--manifest", "m", "--audit-dir", "d", option}).request.discard;
  };
  CHECK(discard("--discard-hibernation=fast-startup") == repair::Discard::kFastStartup);
  CHECK(discard("--discard-hibernation=all") == repair::Discard::kAll);
  CHECK(discard("--discard-hibernation=off") == repair::Discard::kNone);
  CHECK(refusal({"scan", "--discard-hibernation=some"}).find("fast-startup") != std::string::npos);
}

TEST_CASE("what is careful is the default", "[mend]") {
  const Options options = parse({"repair", "--disk", "a", "--manifest", "m", "--audit-dir", "d"});
  CHECK_FALSE(options.request.any_volume);
  CHECK_FALSE(options.request.allow_dirty);
  CHECK(options.request.discard == repair::Discard::kNone);
  CHECK_FALSE(options.request.dry_run);
  CHECK(options.request.check == repair::CheckDepth::kTouched);
}

TEST_CASE("a repair wants a disk, a manifest and a place for its log", "[mend]") {
  CHECK(refusal({"repair", "--manifest", "m", "--audit-dir", "d"}).find("--disk") != std::string::npos);
  CHECK(refusal({"repair", "--disk", "a", "--audit-dir", "d"}).find("--manifest") != std::string::npos);
  CHECK(refusal({"repair", "--disk", "a", "--manifest", "m"}).find("--audit-dir") != std::string::npos);
}

TEST_CASE("an option is not guessed from its first letters", "[mend]") {
  CHECK_FALSE(refusal({"repair", "--discard", "--disk", "a"}).empty());
}

TEST_CASE("an unknown command, a word too many and a missing journal are named", "[mend]") {
  CHECK(refusal({"fix"}).find("\"fix\"") != std::string::npos);
  CHECK(refusal({"scan", "more"}).find("\"more\"") != std::string::npos);
  CHECK(refusal({"undo"}).find(".undo") != std::string::npos);
  CHECK(refusal({"undo", "j.undo", "k.undo"}).find("k.undo") != std::string::npos);
  CHECK(refusal({"resume", "--disk", "a"}).find("--audit-dir") != std::string::npos);
  CHECK(refusal({"decrypt", "--disk", "a"}).find("-o") != std::string::npos);
}

TEST_CASE("a recovery key with a wrong group is refused by the group's number, not by its digits", "[mend]") {
  const std::string message = refusal(
      {"scan", "--disk", "a", "--recovery-key", "111111-222222-333334-444444-555555-666666-111111-222222"});
  CHECK(message.find('3') != std::string::npos);
  CHECK(message.find("333334") == std::string::npos);
}

TEST_CASE("--json goes only where there is a document to print", "[mend]") {
  CHECK_FALSE(refusal({"undo", "j.undo", "--json"}).empty());
}

TEST_CASE("help and version need nothing else", "[mend]") {
  CHECK(parse({}).command == Command::kHelp);
  CHECK(parse({"--help"}).command == Command::kHelp);
  CHECK(parse({"repair", "--help"}).command == Command::kHelp);
  CHECK(parse({"--version"}).command == Command::kVersion);
  for (const char* command : {"scan", "repair", "resume", "undo", "decrypt", "check"}) {
    CHECK(help_text().find(std::string("mend ") + command) != std::string::npos);
  }
}

}  // namespace
}  // namespace mend
