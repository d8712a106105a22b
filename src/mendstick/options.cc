// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "mendstick/keys_options.h"
#include "mendstick/report_options.h"
#include "mendstick/seal_options.h"
#include "mendstick/trust_options.h"

namespace mend::mendstick {
namespace {

constexpr const char* kFooter =
    "\nA customer's folder holds profile.toml (see configs/customers/example), manifests/ (what is to be\n"
    "repaired) and keys/ (recovery keys as they were exported). First:\n\n"
    "  mendstick trust new-keys                                   once: the keys that sign\n"
    "  mendstick sign configs/customers/example                   what you have written or looked at\n"
    "  mendstick build configs/customers/example -o example.img\n"
    "  mendstick write example.img /dev/sdX\n\n"
    "Exit status: 0 done; 1 something failed, and is named; 2 the command line, a profile, a manifest or a "
    "key\n"
    "file is wrong; 4 a device or a file could not be read or written.";

class Parser {
 public:
  Parser()
      : app_("mendstick makes USB sticks that repair Windows PCs, one image for each customer.",
             "mendstick") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "mendstick " MEND_VERSION);
    app_.footer(kFooter);
    add_build();
    add_batch();
    add_base();
    add_write();
    add_verify();
    add_collect_options(*command(app_, Command::kCollect, "collect", "take logs and journals off sticks"),
                        options_.collect);
    add_report_options(
        *command(app_, Command::kReport, "report", "show where a recovery stands, from its logs"),
        options_.report);
    add_others();
    const auto add = [this](CLI::App& parent, Command which, const char* name, const char* help) {
      return command(parent, which, name, help);
    };
    add_keys_options(app_, options_.keys, add);
    add_seal_options(app_, options_.seal, add);
    add_trust_options(app_, options_.trust, add);
  }

  Options parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return from(error);
    }
    for (const auto& [command, subcommand] : commands_) {
      if (subcommand->parsed()) options_.command = command;
    }
    if (!size_.empty()) options_.size_bytes = parse_size(size_);
    return std::move(options_);
  }

 private:
  // Help and version come as errors with status 0.
  Options from(const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      throw Error(ErrorCode::kUsage, "mendstick.options.syntax",
                  fmt::format("{}; see `mendstick --help`", printable(error.what())));
    }
    std::ostringstream out, errors;
    app_.exit(error, out, errors);
    Options options;
    options.text = out.str();
    return options;
  }

  CLI::App* command(CLI::App& parent, Command which, const char* name, const char* help) {
    CLI::App* subcommand = parent.add_subcommand(name, help);
    commands_.emplace_back(which, subcommand);
    return subcommand;
  }

  void add_base_options(CLI::App& command) {
    command.add_option("--parts", options_.parts,
                       "the folder of mend, init and the templates (default: beside this program)");
    command.add_option("--cache", options_.cache,
                       "where downloads and bases are kept (default: ~/.cache/mendstick)");
    command.add_option("--apt-option", options_.apt_options, "given to apt with -o; may be repeated");
  }

  void add_build_options(CLI::App& command) {
    command.add_option("--size", size_,
                       "of the image, such as 512M or 4G (default: the profile's, else 256M or more)");
    command.add_option(
        "--base", options_.base,
        "a base made by `mendstick base` (default: the newest packages, made once and cached)");
    add_trust_folder(command, options_.trust);
    add_base_options(command);
  }

  void add_build() {
    CLI::App* build = command(app_, Command::kBuild, "build", "make the image of one customer");
    build->add_option("CUSTOMER_DIR", options_.customers, "the customer's folder")->required();
    build->add_option("-o,--output", options_.output, "the image to make, such as acme.img")->required();
    add_build_options(*build);
    build->footer(
        "\nMakes IMG and beside it IMG.sha256, IMG.bmap (for bmaptool and `mendstick write`) and\n"
        "IMG.bill.json (what is inside, with versions and licences). The same input gives the same bytes\n"
        "when SOURCE_DATE_EPOCH gives the time.");
  }

  void add_batch() {
    CLI::App* batch = command(app_, Command::kBatch, "batch", "make the images of all customers");
    batch->add_option("CUSTOMERS_DIR", options_.customers, "the folder of the customers' folders")
        ->required();
    batch->add_option("-o,--output", options_.output, "the folder for NAME.img and what lies beside it")
        ->required();
    batch->add_option("--jobs", options_.jobs, "images built at a time (default: the number of processors)");
    batch->add_option("--shard", options_.shard, "I/N: build only the I-th of N parts of the customers");
    batch->add_flag("--sha256", options_.whole_hash,
                    "hash each image as a whole, too (slower; IMG.bmap covers it)");
    add_build_options(*batch);
    batch->footer("\nA customer that fails does not stop the others; all that failed are named at the end.");
  }

  void add_base() {
    CLI::App* base =
        command(app_, Command::kBase, "base", "make what all images share: boot chain, kernel, programs");
    base->add_option("-o,--output", options_.output, "the folder to make, for --base")->required();
    add_base_options(*base);
  }

  void add_write() {
    CLI::App* write = command(app_, Command::kWrite, "write", "write an image to a stick, and read it back");
    write->add_option("IMG", options_.image, "the image")->required();
    write->add_option("DEVICE", options_.device, "the whole disk, such as /dev/sdX, or an existing file")
        ->required();
    write->add_option("--serial", options_.serial,
                      "the disk's exact serial number: allows one that is not removable");
    write->add_option("--bmap", options_.bmap, "the image's map (default: IMG.bmap, when it is there)");
    write->footer(
        "\nEverything on the disk is lost. A disk that is mounted, or that this system runs from, is never\n"
        "written; one that is neither removable nor on USB only with --serial.");
  }

  void add_verify() {
    CLI::App* verify =
        command(app_, Command::kVerify, "verify", "check an image, or a stick against its image's map");
    verify->add_option("IMG_OR_DEVICE", options_.image, "an image, or a disk such as /dev/sdX")->required();
    verify->add_option("--bmap", options_.bmap, "the image's map (default: beside the image)");
    verify->add_option("--record", options_.record,
                       "what the build recorded, IMG.bill.json (default: beside the image); its signature is "
                       "checked when it has one");
    add_trust_folder(*verify, options_.trust);
  }

  void add_others() {
    CLI::App* audit = app_.add_subcommand("audit", "logs of repairs: verify")->require_subcommand(1);
    CLI::App* verify =
        command(*audit, Command::kAuditVerify, "verify", "say whether logs are whole, cut short or changed");
    verify->add_option("LOG", options_.audit.logs, "logs (.jsonl), or folders of logs")->required();
    verify
        ->add_option("--receipt", options_.audit.receipts,
                     "the code that was on the screen, 16 letters and digits, or the whole closing SHA-256: "
                     "proves that a log is the one of that screen; may be repeated")
        ->allow_extra_args(false);
  }

  CLI::App app_;
  std::vector<std::pair<Command, CLI::App*>> commands_;
  Options options_;
  std::string size_;
};

}  // namespace

uint64_t parse_size(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  const int shift = unit == "M" || unit == "MiB" ? 20 : unit == "G" || unit == "GiB" ? 30 : 0;
  const bool known = shift != 0 || unit.empty();
  if (error != std::errc() || !known || value == 0 || value > (uint64_t{1} << 44 >> shift)) {
    throw Error(ErrorCode::kUsage, "mendstick.options.size",
                fmt::format("--size \"{}\" is no size; give one such as 512M or 4G", printable(text)));
  }
  return value << shift;
}

Options parse_options(int argc, const char* const* argv) {
  return Parser().parse(argc, argv);
}

}  // namespace mend::mendstick
