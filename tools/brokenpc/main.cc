// SPDX-License-Identifier: GPL-3.0-or-later
// brokenpc: options in, an image and what is on it out.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "tools/brokenpc/brokenpc.h"

namespace {

using namespace mend;
using namespace mend::brokenpc;
using Json = nlohmann::ordered_json;

struct Flags {
  bool plain = false, clean = false, mbr = false, logical = false, bare = false, healthy = false;
  bool no_tpm = false, no_recovery = false, json = false, fast_startup = false;
  std::string size = "2G", cluster = "4096", hibernation, method = "xts-aes-128", hives = "small",
              log = "unclean";
  std::optional<uint64_t> crash_at;
};

// "64M", "2G", "1T", or bytes.
uint64_t parse_size(const std::string& text) {
  size_t used = 0;
  uint64_t value = 0;
  try {
    value = std::stoull(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const std::string unit = text.substr(std::min(used, text.size()));
  const std::map<std::string, unsigned> units = {{"", 0}, {"K", 10}, {"M", 20}, {"G", 30}, {"T", 40}};
  auto found = units.find(unit);
  bool good =
      used > 0 && text[0] != '-' && found != units.end() && value <= (uint64_t{INT64_MAX} >> found->second);
  if (!good)
    throw Error(ErrorCode::kUsage, "brokenpc.size",
                "\"" + printable(text) + "\" is no size; 64M, 2G, 1T are");
  return value << found->second;
}

void add_options(CLI::App& app, Options& options, Flags& flags) {
  app.add_option("-o,--output", options.output, "the image to make; an existing file is replaced")
      ->required();
  app.add_option("--size", flags.size, "size of the image; it is sparse (2G)");
  app.add_option("--sector", options.sector_bytes, "bytes of a sector: 512 or 4096 (512)");
  app.add_option("--cluster", flags.cluster, "bytes of a cluster of the Windows volume (4096)");
  app.add_option("--seed", options.seed, "the same seed gives the same bytes; by lot when left out");
  app.add_flag("--mbr", flags.mbr, "an MBR instead of a GPT");
  app.add_flag("--logical", flags.logical, "an MBR with Windows in a logical partition");
  app.add_flag("--bare", flags.bare, "no table: the image is the Windows volume");

  app.add_flag("--plain", flags.plain, "without BitLocker");
  app.add_option("--method", flags.method,
                 "xts-aes-128, xts-aes-256, aes-cbc-128, aes-cbc-256, "
                 "aes-cbc-128-elephant, aes-cbc-256-elephant (xts-aes-128)");
  app.add_option("--recovery-key", options.recovery_passwords,
                 "a recovery password; may be repeated (one that "
                 "follows from the seed)");
  app.add_option("--password", options.passwords, "a password; may be repeated");
  app.add_option("--startup-key", options.startup_key_file,
                 "adds a startup key and writes it to this .BEK file");
  app.add_flag("--startup-key-windows11", options.startup_key_windows11, "the .BEK has 180 bytes, not 156");
  app.add_flag("--clear-key", options.clear_key, "protection suspended: the key lies open on the disk");
  app.add_flag("--no-recovery", flags.no_recovery, "no recovery password");
  app.add_flag("--no-tpm", flags.no_tpm, "without the protector that stands for a TPM");
  app.add_flag("--encrypt-all", options.encrypt_all,
               "encrypt unused clusters too; the image is not sparse then");

  app.add_option("--host", options.host, "name of the PC (PC-0147)");
  app.add_option("--hives", flags.hives, "small or real: SYSTEM of 20 MB, SOFTWARE of 100 MB (small)");
  app.add_flag("--healthy", flags.healthy, "without the faulty channel file");
  app.add_option("--bad-files", options.bad_files, "faulty channel files (1)");
  app.add_option("--files", options.extra_files, "so many small files more, 1,000 to a directory");
  app.add_option("--big-directory", options.big_directory, "so many names in one directory");
  app.add_flag("--clean", flags.clean, "a log that Windows has closed, as it never is after a crash");
  app.add_option("--log", flags.log,
                 "clean; unclean or unclean-1.1: not closed, nothing to replay (unclean); empty: all FF");
  app.add_option(
      "--crash-at", flags.crash_at,
      "files were being changed when the power went, before this write of a page; what had ended is "
      "in the log");
  app.add_flag("--dirty", options.dirty, "the volume's dirty flag set");
  app.add_flag("--hibernated{hibr}", flags.hibernation,
               "hiberfil.sys holds a session; =HIBR, =RSTR or =wake for "
               "another signature than hibr");
  app.add_flag("--fast-startup", flags.fast_startup,
               "hiberfil.sys holds the session of a shutdown with fast startup");
  app.add_option("--keep-plain", options.keep_plain, "a copy of the Windows volume before encryption");
  app.add_flag("--json", flags.json, "say what was made as one JSON document");
}

template <typename Value>
Value choose(const std::map<std::string, Value>& known, const std::string& text, const char* option) {
  auto found = known.find(text);
  if (found == known.end())
    throw Error(ErrorCode::kUsage, "brokenpc.option",
                std::string(option) + " does not know \"" + printable(text) + "\"");
  return found->second;
}

void apply(const Flags& flags, Options& options) {
  options.size_bytes = parse_size(flags.size);
  options.cluster_bytes = static_cast<uint32_t>(std::min<uint64_t>(parse_size(flags.cluster), UINT32_MAX));
  options.encrypt = !flags.plain;
  options.incident = !flags.healthy;
  options.tpm_protector = !flags.no_tpm;
  options.recovery_protector = !flags.no_recovery;
  if (flags.mbr + flags.logical + flags.bare > 1)
    throw Error(ErrorCode::kUsage, "brokenpc.table", "--mbr, --logical and --bare exclude each other");
  options.table = flags.bare      ? Table::kBare
                  : flags.logical ? Table::kMbrLogical
                  : flags.mbr     ? Table::kMbr
                                  : Table::kGpt;
  options.hives = choose<Hives>({{"small", Hives::kSmall}, {"real", Hives::kReal}}, flags.hives, "--hives");
  options.log = choose<Log>({{"clean", Log::kClean},
                             {"unclean", Log::kUnclean},
                             {"unclean-1.1", Log::kUnclean11},
                             {"empty", Log::kEmpty}},
                            flags.log, "--log");
  options.hibernation = choose<Hibernation>({{"", Hibernation::kNone},
                                             {"hibr", Hibernation::kLower},
                                             {"HIBR", Hibernation::kUpper},
                                             {"RSTR", Hibernation::kRestore},
                                             {"wake", Hibernation::kWake}},
                                            flags.hibernation, "--hibernated");
  if (flags.fast_startup && !flags.hibernation.empty())
    throw Error(ErrorCode::kUsage, "brokenpc.session",
                "--fast-startup and --hibernated contradict each other");
  if (flags.fast_startup) options.hibernation = Hibernation::kFastStartup;
  if (flags.clean && flags.log != "unclean" && flags.log != "clean")
    throw Error(ErrorCode::kUsage, "brokenpc.log", "--clean and --log contradict each other");
  if (flags.clean) options.log = Log::kClean;
  options.crash_at = flags.crash_at;
  if (options.crash_at && options.log != Log::kUnclean && options.log != Log::kUnclean11)
    throw Error(ErrorCode::kUsage, "brokenpc.crash.log", "--crash-at leaves a log that is not closed");
  std::optional<Method> method = parse_method(flags.method);
  if (!method) choose<Method>({}, flags.method, "--method");
  options.method = *method;
}

std::string_view to_text(Table table) {
  switch (table) {
    case Table::kGpt:
      return "gpt";
    case Table::kMbr:
      return "mbr";
    case Table::kMbrLogical:
      return "mbr-logical";
    case Table::kBare:
      return "none";
  }
  return "";
}

Json to_json(const Made& made) {
  Json json;
  json["path"] = made.path;
  json["size_bytes"] = made.size_bytes;
  json["sector_bytes"] = made.sector_bytes;
  json["seed"] = made.seed;
  json["table"] = to_text(made.table);
  if (made.table == Table::kGpt) json["disk_guid"] = made.disk_guid.to_string();
  json["windows"] = {{"partition", made.windows_partition().number},
                     {"host", made.host},
                     {"product_name", made.product},
                     {"build", made.build},
                     {"ubr", made.ubr}};
  for (const Partition& partition : made.partitions) {
    Json one = {{"number", partition.number},
                {"role", partition.role},
                {"offset", partition.offset},
                {"size_bytes", partition.size_bytes}};
    if (made.table == Table::kGpt) one["guid"] = partition.id.to_string();
    json["partitions"].push_back(one);
  }
  if (made.encrypted) {
    Json& bitlocker = json["bitlocker"];
    bitlocker = {{"method", to_string(made.method)},    {"volume_guid", made.volume_guid.to_string()},
                 {"description", made.description},     {"metadata_offsets", made.metadata_offsets},
                 {"header_offset", made.header_offset}, {"header_bytes", made.header_bytes}};
    for (const Protector& protector : made.protectors)
      bitlocker["protectors"].push_back(
          {{"guid", protector.id.to_string()}, {"type", protector.type}, {"secret", protector.secret}});
  }
  if (made.crash)
    json["crash"] = {{"writes", made.crash->writes},
                     {"operations", made.crash->operations},
                     {"committed", made.crash->committed}};
  for (const MadeFile& file : made.files)
    json["files"].push_back({{"path", file.path},
                             {"size_bytes", file.size_bytes},
                             {"modified", to_iso8601(file.modified)},
                             {"sha256", file.sha256},
                             {"note", file.note}});
  json["extra_files"] = made.extra_files;
  return json;
}

void print(const Made& made) {
  std::cout << made.path << ": " << made.size_bytes / (1 << 20) << " MiB, sectors of " << made.sector_bytes
            << " bytes, table " << to_text(made.table) << ", seed " << made.seed << "\n";
  for (const Partition& partition : made.partitions)
    std::cout << "  partition " << partition.number << "  " << partition.role << "  at " << partition.offset
              << ", " << partition.size_bytes << " bytes\n";
  std::cout << "Windows: " << made.host << ", build " << made.build << "." << made.ubr << ", "
            << made.files.size() + made.extra_files << " files\n";
  for (const MadeFile& file : made.files)
    if (file.note == "channel-bad")
      std::cout << "faulty: " << file.path << ", " << to_iso8601(file.modified) << "\n";
  if (made.crash)
    std::cout << "stopped with " << made.crash->committed << " of " << made.crash->operations
              << " operations ended\n";
  if (!made.encrypted) return;
  std::cout << "BitLocker: " << to_string(made.method) << ", \"" << made.description << "\"\n";
  for (const Protector& protector : made.protectors) {
    std::cout << "  " << protector.type << " {" << protector.id.to_string() << "}";
    if (!protector.secret.empty()) std::cout << "  " << protector.secret;
    std::cout << "\n";
  }
  std::cout << "These are test keys: they open this image and protect nothing.\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes the disk image of a Windows PC that an update has broken, to rehearse on.");
  app.footer(
      "Encryption covers the used clusters only, as Windows' \"used space only\" does, and keeps the image "
      "sparse.\n"
      "Needs mkntfs, mkfs.fat and mtools. Exit status: 0 made, 2 options wrong, 4 anything else.");
  Options options;
  Flags flags;
  add_options(app, options, flags);
  for (CLI::Option* option : app.get_options())
    if (option->get_items_expected_max() > 1) option->allow_extra_args(false);  // one value each time
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    apply(flags, options);
    Made made = make(options);
    if (flags.json) {
      std::cout << to_json(made).dump(2) << "\n";
    } else {
      print(made);
    }
    return std::cout.flush() ? 0 : 4;
  } catch (const Error& error) {
    std::cerr << "brokenpc: " << error.what() << "\n";
    return error.code() == ErrorCode::kUsage ? 2 : 4;
  } catch (const std::exception& error) {
    std::cerr << "brokenpc: " << error.what() << "\n";
    return 4;
  }
}
