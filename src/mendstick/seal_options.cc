// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/seal_options.h"

#include <CLI/CLI.hpp>

namespace mend::mendstick {
namespace {

void add_seal(CLI::App& keys, SealOptions& options, const AddCommand& add_command) {
  CLI::App* seal = add_command(keys, Command::kKeysSeal, "seal", "seal keys for a stick");
  seal->add_option("FILE", options.keys, "key files, or folders of them: CUSTOMER_DIR/keys")->required();
  seal->add_option("-o,--output", options.output, "the keyring to make: CUSTOMER_DIR/keyring")->required();
  seal->add_option("--hosts", options.hosts, "only the keys of the hosts in this file, one a line");
  seal->add_option("--recipient", options.recipient,
                   "a public key (mendstick-public-…) whose private key opens the keyring, too");
  seal->add_option("--passphrase-file", options.passphrase,
                   "the passphrase to use, in a file's first line; - reads standard input (default: digits "
                   "are generated)");
  seal->add_option("--customer", options.customer,
                   "whose keys they are (default: as profile.toml beside the folder of keys says)");
  seal->add_option("--build", options.build, "the customer's build number (default: as that profile says)");
  seal->add_option("--card", options.card, "a page to print, with the passphrase as text and for a scanner");
  seal->footer(
      "\nPrints the passphrase once, on standard output: it is stored nowhere. On the stick the technician "
      "types\nit once a boot.");
}

void add_put(CLI::App& keys, SealOptions& options, const AddCommand& add_command) {
  CLI::App* put =
      add_command(keys, Command::kKeysPut, "put", "replace the keyring on a stick or in an image");
  put->add_option("IMG_OR_DEVICE", options.target, "an image, or a stick such as /dev/sdX")->required();
  put->add_option("KEYRING", options.keyring, "the new keyring, as `keys seal` makes it")->required();
  put->add_option("--serial", options.serial,
                  "the disk's exact serial number: allows one that is not removable");
  put->footer(
      "\nNothing else is changed. At any moment the stick has the old keyring or the new one. Of an image, "
      "IMG.bmap\nand IMG.sha256 are made anew.");
}

void add_unseal(CLI::App& keys, SealOptions& options, const AddCommand& add_command) {
  CLI::App* unseal = add_command(keys, Command::kKeysUnseal, "unseal", "get the keys out of a keyring");
  unseal->add_option("KEYRING", options.keyring, "a sealed keyring")->required();
  unseal->add_option("-o,--output", options.output, "the table to make, in clear: FILE.csv")->required();
  unseal->add_option("--identity", options.identity,
                     "the recipient's private key, as `keys recipient` makes it");
  unseal->add_option("--passphrase-file", options.passphrase,
                     "the passphrase, in a file's first line; - reads standard input");
}

void add_recipient(CLI::App& keys, SealOptions& options, const AddCommand& add_command) {
  CLI::App* recipient = add_command(keys, Command::kKeysRecipient, "recipient",
                                    "make a key pair that keyrings and logs can be sealed to");
  recipient->add_option("-o,--output", options.output, "the file for the private key; it stays on this host")
      ->required();
  recipient->footer("\nPrints the public key: for `keys seal --recipient`, and for a profile's `recipient`.");
}

void add_open(CLI::App& audit, SealOptions& options, const AddCommand& add_command) {
  CLI::App* open = add_command(audit, Command::kAuditOpen, "open", "open sealed logs");
  open->add_option("LOG", options.logs, "sealed logs (.jsonl.sealed)")->required();
  open->add_option("--identity", options.identity,
                   "the recipient's private key, as `keys recipient` makes it")
      ->required();
  open->add_option("-o,--output", options.output, "the folder for the logs in clear")->required();
}

}  // namespace

void add_seal_options(CLI::App& app, SealOptions& options, const AddCommand& add_command) {
  CLI::App& keys = *app.get_subcommand("keys");
  keys.description(keys.get_description() + ", seal, put, unseal, recipient");
  add_seal(keys, options, add_command);
  add_put(keys, options, add_command);
  add_unseal(keys, options, add_command);
  add_recipient(keys, options, add_command);
  CLI::App& audit = *app.get_subcommand("audit");
  audit.description(audit.get_description() + ", open");
  add_open(audit, options, add_command);
}

}  // namespace mend::mendstick
