// SPDX-License-Identifier: GPL-3.0-or-later
#include "mend/options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "disk/disk.h"
#include "keys/keys.h"
#include "profile/accept.h"
#include "profile/stick_settings.h"

namespace mend {
namespace {

namespace po = boost::program_options;
using Texts = std::vector<std::string>;

[[noreturn]] void wrong(const char* id, const std::string& message) {
  throw Error(ErrorCode::kUsage, id, message + "; see `mend --help`");
}

po::options_description visible_options() {
  po::options_description all("Options");
  all.add_options()("disk", po::value<Texts>()->composing(), "a disk or an image file; may be repeated")(
      "manifest", po::value<Texts>()->composing(), "what to repair (TOML); may be repeated")(
      "keys", po::value<Texts>()->composing(), "a file of recovery keys, or a .BEK; may be repeated")(
      "recovery-key", po::value<Texts>()->composing(),
      "a 48-digit recovery password; - reads standard input")("password", po::value<Texts>()->composing(),
                                                              "a BitLocker password; - reads standard input")(
      "keyring", po::value<std::string>(), "a sealed keyring, as `mendstick keys seal` makes it")(
      "keyring-passphrase", po::value<std::string>(), "its passphrase; - reads standard input")(
      "audit-dir", po::value<std::string>(), "where the log and the journal go, such as the stick")(
      "any-volume", po::bool_switch(), "repair every NTFS volume, not only Windows system volumes")(
      "check", po::value<std::string>()->default_value("touched"),
      "how much of the volume to verify: touched or full")("allow-dirty", po::bool_switch(),
                                                           "go on although the dirty flag is set")(
      "discard-hibernation", po::value<std::string>()->default_value("off")->implicit_value("all"),
      "give up the session that hiberfil.sys holds: off, =fast-startup (nobody's open work is in it), or "
      "=all "
      "(unsaved work is lost)")("dry-run", po::bool_switch(), "do everything but write to the disk")(
      "replay", po::bool_switch(), "check: as the volume would be after the replay of its log")(
      "partition", po::value<uint32_t>(), "decrypt: the partition's number")(
      "output,o", po::value<std::string>(), "decrypt: the file to make")(
      "profile", po::value<std::string>(),
      "repair: take what the command line leaves open from the [repair] of a customer's profile.toml")(
      "json", po::bool_switch(), "scan, repair, replay, check: one JSON document on standard output")(
      "help,h", po::bool_switch(), "this text")("version", po::bool_switch(), "the version");
  return all;
}

Texts texts(const po::variables_map& map, const char* name) {
  return map.count(name) != 0 ? map[name].as<Texts>() : Texts{};
}

// One line of standard input, without its end.
Secret read_secret_line(const char* option) {
  Secret line(4096);
  size_t length = 0;
  for (int c = std::cin.get(); c != EOF && c != '\n'; c = std::cin.get()) {
    if (length == line.size())
      wrong("mend.options.stdin", fmt::format("the line for --{} is too long", option));
    line.bytes()[length++] = static_cast<uint8_t>(c);
  }
  if (length != 0 && line.bytes()[length - 1] == '\r') --length;
  if (length == 0) wrong("mend.options.stdin", fmt::format("--{} -: standard input is empty", option));
  line.shrink(length);
  return line;
}

// What stands in argv can be seen by every process of the machine; the text is at least wiped from our own
// memory.
Secret take_secret(std::string& text, const char* option) {
  if (text == "-") return read_secret_line(option);
  Secret secret{std::string_view(text)};
  wipe(MutableBytes(reinterpret_cast<uint8_t*>(text.data()), text.size()));
  return secret;
}

Texts notes_of(const keys::ImportReport& report, const std::string& path) {
  Texts notes;
  for (const keys::Problem& problem : report.problems) notes.push_back(problem.text());
  if (report.problems_left_out != 0)
    notes.push_back(fmt::format("{}: {} more lines like these", path, report.problems_left_out));
  return notes;
}

void read_keys(const po::variables_map& map, Options& options) {
  bitlocker::Credentials& credentials = options.request.credentials;
  for (std::string& text : texts(map, "recovery-key")) {
    const Secret secret = take_secret(text, "recovery-key");
    credentials.recovery.push_back({std::nullopt, {}, bitlocker::RecoveryPassword::parse(secret.text())});
  }
  for (std::string& text : texts(map, "password"))
    credentials.passwords.push_back(take_secret(text, "password"));
  if (map.count("keyring") != map.count("keyring-passphrase"))
    wrong("mend.options.keyring", "--keyring and --keyring-passphrase go together");
  if (map.count("keyring") != 0) {
    options.request.keyring =
        std::make_shared<const keys::Keyring>(keys::Keyring::load(map["keyring"].as<std::string>()));
    std::string passphrase = map["keyring-passphrase"].as<std::string>();
    options.request.keyring_passphrase = take_secret(passphrase, "keyring-passphrase");
  }
  for (const std::string& path : texts(map, "keys")) {
    for (std::string& note : notes_of(keys::load(path, credentials), path))
      options.key_notes.push_back(std::move(note));
  }
}

Command parse_command(const Texts& words) {
  constexpr std::array kCommands = {
      std::pair{"scan", Command::kScan},       std::pair{"repair", Command::kRepair},
      std::pair{"resume", Command::kResume},   std::pair{"undo", Command::kUndo},
      std::pair{"decrypt", Command::kDecrypt}, std::pair{"check", Command::kCheck},
      std::pair{"replay", Command::kReplay},   std::pair{"console", Command::kConsole}};
  if (words.empty()) wrong("mend.options.command", "no command was given");
  for (const auto& [name, command] : kCommands) {
    if (words.front() == name) return command;
  }
  wrong("mend.options.command", fmt::format("\"{}\" is not a command", printable(words.front())));
}

void require(bool given, const char* command, const char* option, const char* what) {
  if (!given) wrong("mend.options.required", fmt::format("`mend {}` needs {}: {}", command, option, what));
}

// The stick's boot menu names its image to the kernel; init has found the stick by it.
bool booted_from_stick() {
  std::ifstream file("/proc/cmdline");
  std::string line;
  std::getline(file, line);
  return line.find("mendstick.image=") != std::string::npos;
}

// What a stick may do stands in its signed profile: no option is above it (PF-4).
void refuse_policy(const po::variables_map& map) {
  for (const char* option : {"profile", "manifest", "keys", "recovery-key", "password", "keyring",
                             "keyring-passphrase", "audit-dir", "any-volume", "check", "allow-dirty",
                             "discard-hibernation", "dry-run", "replay", "partition", "output", "json"}) {
    if (map.count(option) != 0 && !map[option].defaulted())
      wrong("mend.options.policy",
            fmt::format("`mend console` takes no --{}: what a stick may do stands in its profile", option));
  }
}

void check_required(const po::variables_map& map, Options& options) {
  repair::Request& request = options.request;
  switch (options.command) {
    case Command::kRepair:
      require(!request.disks.empty(), "repair", "--disk", "which disk or image file to repair");
      require(!request.manifests.empty(), "repair", "--manifest", "what to repair");
      require(!request.audit_directory.empty(), "repair", "--audit-dir", "where the log and the journal go");
      break;
    case Command::kReplay:
      require(!request.disks.empty(), "replay", "--disk", "whose volumes' logs to replay");
      require(!request.audit_directory.empty(), "replay", "--audit-dir", "where the log and the journal go");
      break;
    case Command::kResume:
      require(!request.audit_directory.empty(), "resume", "--audit-dir", "where the journals are");
      break;
    case Command::kDecrypt:
      require(!request.disks.empty(), "decrypt", "--disk", "which disk or image file to read");
      require(!options.output.empty(), "decrypt", "-o", "the file to make");
      if (map.count("partition") != 0) options.partition = map["partition"].as<uint32_t>();
      break;
    case Command::kCheck:
      require(!request.disks.empty(), "check", "--disk", "which disk or image file to check");
      break;
    case Command::kConsole:
      require(!options.stick.directory.empty(), "console", "--stick", "the folder with profile.toml");
      require(!options.stick.disks.empty() || booted_from_stick(), "console", "--disk",
              "only on a PC that a stick has started may all its disks be taken");
      return;
    default:
      break;
  }
  // Commands that need not be told find every disk of the machine.
  if (!request.disks.empty()) return;
  request.disks = disk::internal_disks();
  request.disks_found = true;
}

repair::Discard parse_discard(const std::string& text) {
  using repair::Discard;
  for (const Discard known : {Discard::kNone, Discard::kFastStartup, Discard::kAll})
    if (text == to_string(known)) return known;
  wrong("mend.options.discard", "--discard-hibernation takes off, =fast-startup or =all");
}

// What a profile may set too.
void fill_policy(const po::variables_map& map, repair::Request& request) {
  request.any_volume = map["any-volume"].as<bool>();
  request.allow_dirty = map["allow-dirty"].as<bool>();
  request.discard = parse_discard(map["discard-hibernation"].as<std::string>());
  const std::string check = map["check"].as<std::string>();
  if (check != "touched" && check != "full") wrong("mend.options.check", "--check takes touched or full");
  request.check = check == "full" ? repair::CheckDepth::kFull : repair::CheckDepth::kTouched;
}

// The settings of a profile, as if they stood on the command line but weaker: what is set already stays.
void store_profile(const profile::Profile& profile, const po::options_description& all,
                   po::variables_map& map) {
  for (const profile::Setting& setting : profile.repair) {
    po::parsed_options parsed(&all);
    po::option option;
    option.string_key = setting.option;
    option.value = {setting.value};
    parsed.options.push_back(option);
    try {
      po::store(parsed, map);
    } catch (const po::error& error) {
      wrong("mend.options.profile", fmt::format("{}:{}:{}: {}", printable(profile.file), setting.line,
                                                setting.column, printable(error.what())));
    }
  }
}

po::options_description stick_options() {
  po::options_description all("Options of `mend console`, which the stick starts");
  all.add_options()("stick", po::value<std::string>(), "where the stick is mounted")(
      "stick-device", po::value<std::string>(), "its block device, whose going is noticed")(
      "screen", po::value<Texts>()->composing(), "a terminal to show and ask on; may be repeated")(
      "plain", po::bool_switch(), "lines of text instead of a full screen")(
      "key-folder", po::value<Texts>()->composing(),
      "look for key files here instead of on other sticks; may be repeated")(
      "mode", po::value<std::string>(), "auto, ask or scan, instead of the profile's")(
      "debug", po::bool_switch(), "leave each step on the screen, with its time");
  return all;
}

void fill_stick(const po::variables_map& map, Options& options) {
  StickOptions& stick = options.stick;
  if (map.count("stick") != 0) stick.directory = map["stick"].as<std::string>();
  if (map.count("stick-device") != 0) stick.device = map["stick-device"].as<std::string>();
  stick.screens.devices = texts(map, "screen");
  stick.screens.plain = map["plain"].as<bool>();
  stick.key_folders = texts(map, "key-folder");
  stick.disks = texts(map, "disk");
  stick.debug = map["debug"].as<bool>();
  if (map.count("mode") != 0) {
    stick.mode = profile::mode_from(map["mode"].as<std::string>());
    if (!stick.mode) wrong("mend.options.mode", "--mode takes auto, ask or scan");
  }
}

// The .toml files of a folder, in the order of their names.
Texts manifests_in(const std::string& directory) {
  Texts paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.front() != '.' && lower_ascii(entry.path().extension().string()) == ".toml")
      paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void fill(const po::variables_map& map, const Texts& words, Options& options) {
  repair::Request& request = options.request;
  request.disks = texts(map, "disk");
  request.manifests = texts(map, "manifest");
  fill_policy(map, request);
  request.dry_run = map["dry-run"].as<bool>();
  request.replay_first = map["replay"].as<bool>();
  if (map.count("audit-dir") != 0) request.audit_directory = map["audit-dir"].as<std::string>();
  if (map.count("output") != 0) options.output = map["output"].as<std::string>();
  options.json = map["json"].as<bool>();
  options.command = parse_command(words);
  const size_t expected = options.command == Command::kUndo ? 2 : 1;
  if (words.size() < expected)
    wrong("mend.options.journal", "`mend undo` needs the journal, a file ending in .undo");
  if (words.size() > expected)
    wrong("mend.options.extra", fmt::format("\"{}\" is one word too many", printable(words[expected])));
  if (options.command == Command::kUndo) options.journal = words[1];
  const bool can_json = options.command == Command::kScan || options.command == Command::kRepair ||
                        options.command == Command::kCheck || options.command == Command::kReplay;
  if (options.json && !can_json)
    wrong("mend.options.json", "--json goes with scan, repair, replay and check");
}

}  // namespace

Options parse_options(int argc, char** argv) {
  po::options_description all = visible_options();
  po::options_description hidden;
  hidden.add_options()("word", po::value<Texts>());
  hidden.add(all).add(stick_options());
  po::positional_options_description positional;
  positional.add("word", -1);
  po::variables_map map;
  try {
    const auto style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(argc, argv).options(hidden).positional(positional).style(style).run(),
              map);
  } catch (const po::error& error) {
    wrong("mend.options.syntax", printable(error.what()));
  }
  Options options;
  if (map["version"].as<bool>()) {
    options.command = Command::kVersion;
  } else if (argc > 1 && !map["help"].as<bool>()) {
    if (map.count("profile") != 0) store_profile(profile::load(map["profile"].as<std::string>()), all, map);
    fill(map, texts(map, "word"), options);
    fill_stick(map, options);
    if (options.command == Command::kConsole) refuse_policy(map);
    read_keys(map, options);
    check_required(map, options);
  }
  return options;
}

namespace {

// A keyring that cannot be used ends no session: the drives are asked for one by one.
void read_keyring(const std::string& path, console::Session& session) {
  if (!std::filesystem::exists(path)) return;
  try {
    auto keyring = std::make_shared<const keys::Keyring>(keys::Keyring::load(path));
    profile::require_accepted(session.profile, keyring->info(), path);
    session.request.keyring = std::move(keyring);
  } catch (const Error& error) {
    session.key_notes.emplace_back(error.what());
  }
}

// What the stick brings, as its profile lets it.
void load_stick(const profile::StickSettings& settings, console::Session& session) {
  const auto on_stick = [&](std::string_view name) { return session.stick + "/" + std::string(name); };
  repair::Request& request = session.request;
  for (const std::string& path : manifests_in(on_stick(stick::kManifests))) {
    request.read_manifests.push_back(profile::accepted_manifest(
        trust::read_signed_file(path, manifest::kMaximumBytes), settings.profile, settings.trusted));
  }
  if (request.read_manifests.empty() && session.mode != profile::Mode::kScan)
    throw Error(ErrorCode::kUsage, "mend.stick.manifests", "there is no manifest on the stick");
  if (const std::string folder = on_stick(stick::kKeys); std::filesystem::exists(folder)) {
    try {
      session.key_notes = notes_of(keys::load(folder, request.credentials), folder);
    } catch (const Error& error) {
      if (std::string_view(error.id()) != "keys.none") throw;  // a customer without BitLocker
    }
  }
  read_keyring(on_stick(stick::kKeyring), session);
}

}  // namespace

console::Session stick_session(const StickOptions& stick) {
  console::Session session;
  session.stick = stick.directory;
  session.stick_device = stick.device;
  profile::StickSettings settings = profile::load_stick_settings(stick.directory);
  session.image = settings.image;
  session.profile = settings.profile;
  session.profile_signer = settings.signer;
  if (settings.takes_unsigned()) session.warning = "UNSIGNED: this stick takes what nobody has signed.";
  session.mode = stick.mode.value_or(session.profile.mode);
  session.debug = stick.debug;
  const po::options_description all = visible_options();
  po::variables_map map;
  po::store(po::parsed_options(&all), map);  // the defaults
  store_profile(session.profile, all, map);
  repair::Request& request = session.request;
  fill_policy(map, request);
  request.hosts = session.profile.hosts;
  if (session.profile.logs == profile::Storage::kSealed) request.log_recipient = session.profile.recipient;
  request.disks = stick.disks;
  session.disks_named = !stick.disks.empty();
  session.key_folders = stick.key_folders;
  session.load = [settings = std::move(settings)](console::Session& begun) { load_stick(settings, begun); };
  return session;
}

std::string help_text() {
  std::ostringstream text;
  text << "mend repairs the Windows volumes of a disk by a manifest, and proves what it did.\n\n"
          "  mend scan     [--disk P]…                                      what is there; changes nothing\n"
          "  mend repair   --disk P… --manifest F… [keys] --audit-dir D     repairs\n"
          "  mend resume   --audit-dir D [--disk P]…                        finishes what a power cut "
          "interrupted\n"
          "  mend undo     JOURNAL [--disk P]                               puts the old bytes back\n"
          "  mend decrypt  --disk P [--partition N] [keys] -o FILE          the unlocked volume as a sparse "
          "file\n"
          "  mend check    --disk P [keys]                                  looks for damage; changes "
          "nothing\n"
          "  mend replay   --disk P… [keys] --audit-dir D                   replays the log of a volume that "
          "was not closed\n"
          "  mend console  --stick DIR                                      what the stick starts\n\n"
       << visible_options() << "\n"
       << stick_options()
       << "\nExit status: 0 all Windows volumes are fixed, would be fixed or are not affected; 1 at least "
          "one is not;\n"
          "2 usage, manifest or key file wrong; 3 no Windows volume found; 4 a device error; 5 interrupted "
          "work that\n"
          "cannot be resumed.\n";
  return text.str();
}

}  // namespace mend
