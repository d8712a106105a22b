// SPDX-License-Identifier: GPL-3.0-or-later
#include "mend/options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <iostream>
#include <sstream>

#include "base/error.h"
#include "base/text.h"
#include "disk/disk.h"
#include "keys/keys.h"

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
      "audit-dir", po::value<std::string>(), "where the log and the journal go, such as the stick")(
      "any-volume", po::bool_switch(), "repair every NTFS volume, not only Windows system volumes")(
      "check", po::value<std::string>()->default_value("touched"),
      "how much of the volume to verify: touched or full")("allow-dirty", po::bool_switch(),
                                                           "go on although the dirty flag is set")(
      "discard-hibernation", po::bool_switch(),
      "give up the session that hiberfil.sys holds: unsaved work is lost")(
      "dry-run", po::bool_switch(), "do everything but write to the disk")("partition", po::value<uint32_t>(),
                                                                           "decrypt: the partition's number")(
      "output,o", po::value<std::string>(), "decrypt: the file to make")(
      "json", po::bool_switch(), "scan, repair, check: one JSON document on standard output")(
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

void read_keys(const po::variables_map& map, Options& options) {
  bitlocker::Credentials& credentials = options.request.credentials;
  for (std::string& text : texts(map, "recovery-key")) {
    const Secret secret = take_secret(text, "recovery-key");
    credentials.recovery.push_back({std::nullopt, {}, bitlocker::RecoveryPassword::parse(secret.text())});
  }
  for (std::string& text : texts(map, "password"))
    credentials.passwords.push_back(take_secret(text, "password"));
  for (const std::string& path : texts(map, "keys")) {
    const keys::ImportReport report = keys::load(path, credentials);
    for (const keys::Problem& problem : report.problems) options.key_notes.push_back(problem.text());
    if (report.problems_left_out != 0) {
      options.key_notes.push_back(
          fmt::format("{}: {} more lines like these", path, report.problems_left_out));
    }
  }
}

Command parse_command(const Texts& words) {
  constexpr std::array kCommands = {
      std::pair{"scan", Command::kScan},       std::pair{"repair", Command::kRepair},
      std::pair{"resume", Command::kResume},   std::pair{"undo", Command::kUndo},
      std::pair{"decrypt", Command::kDecrypt}, std::pair{"check", Command::kCheck}};
  if (words.empty()) wrong("mend.options.command", "no command was given");
  for (const auto& [name, command] : kCommands) {
    if (words.front() == name) return command;
  }
  wrong("mend.options.command", fmt::format("\"{}\" is not a command", printable(words.front())));
}

void require(bool given, const char* command, const char* option, const char* what) {
  if (!given) wrong("mend.options.required", fmt::format("`mend {}` needs {}: {}", command, option, what));
}

void check_required(const po::variables_map& map, Options& options) {
  repair::Request& request = options.request;
  switch (options.command) {
    case Command::kRepair:
      require(!request.disks.empty(), "repair", "--disk", "which disk or image file to repair");
      require(!request.manifests.empty(), "repair", "--manifest", "what to repair");
      require(!request.audit_directory.empty(), "repair", "--audit-dir", "where the log and the journal go");
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
    default:
      break;
  }
  // Commands that need not be told find every disk of the machine.
  if (request.disks.empty()) request.disks = disk::internal_disks();
}

void fill(const po::variables_map& map, const Texts& words, Options& options) {
  repair::Request& request = options.request;
  request.disks = texts(map, "disk");
  request.manifests = texts(map, "manifest");
  request.any_volume = map["any-volume"].as<bool>();
  request.allow_dirty = map["allow-dirty"].as<bool>();
  request.discard_hibernation = map["discard-hibernation"].as<bool>();
  request.dry_run = map["dry-run"].as<bool>();
  if (map.count("audit-dir") != 0) request.audit_directory = map["audit-dir"].as<std::string>();
  if (map.count("output") != 0) options.output = map["output"].as<std::string>();
  options.json = map["json"].as<bool>();
  const std::string check = map["check"].as<std::string>();
  if (check != "touched" && check != "full") wrong("mend.options.check", "--check takes touched or full");
  request.check = check == "full" ? repair::CheckDepth::kFull : repair::CheckDepth::kTouched;

  options.command = parse_command(words);
  const size_t expected = options.command == Command::kUndo ? 2 : 1;
  if (words.size() < expected)
    wrong("mend.options.journal", "`mend undo` needs the journal, a file ending in .undo");
  if (words.size() > expected)
    wrong("mend.options.extra", fmt::format("\"{}\" is one word too many", printable(words[expected])));
  if (options.command == Command::kUndo) options.journal = words[1];
  const bool can_json = options.command == Command::kScan || options.command == Command::kRepair ||
                        options.command == Command::kCheck;
  if (options.json && !can_json) wrong("mend.options.json", "--json goes with scan, repair and check");
}

}  // namespace

Options parse_options(int argc, char** argv) {
  po::options_description all = visible_options();
  po::options_description hidden;
  hidden.add_options()("word", po::value<Texts>());
  hidden.add(all);
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
    fill(map, texts(map, "word"), options);
    read_keys(map, options);
    check_required(map, options);
  }
  return options;
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
          "nothing\n\n"
       << visible_options()
       << "\nExit status: 0 all Windows volumes are fixed, would be fixed or are not affected; 1 at least "
          "one is not;\n"
          "2 usage, manifest or key file wrong; 3 no Windows volume found; 4 a device error; 5 interrupted "
          "work that\n"
          "cannot be resumed.\n";
  return text.str();
}

}  // namespace mend
