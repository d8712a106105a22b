// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/trust_options.h"

#include <CLI/CLI.hpp>

namespace mend::mendstick {
namespace {

void add_new_keys(CLI::App& trust, TrustOptions& options, const AddCommand& add_command) {
  CLI::App* keys = add_command(trust, Command::kTrustNewKeys, "new-keys",
                               "make the two key pairs, once for all customers");
  add_trust_folder(*keys, options);
  keys->add_flag("--no-passphrase", options.no_passphrase, "keep the secret keys unencrypted");
  keys->footer(
      "\nMakes build.key and build.pub, for profiles and builds, manifest.key and manifest.pub, for "
      "manifests,\n"
      "in the format of minisign. The .key files are secret and stay on this host; the .pub files go into "
      "every\n"
      "image. A passphrase is asked for each, or read from standard input, a line for each.");
}

void add_sign(CLI::App& app, TrustOptions& options, const AddCommand& add_command) {
  CLI::App* sign =
      add_command(app, Command::kSign, "sign", "sign the profile and the manifests of customers");
  sign->add_option("CUSTOMER_DIR", options.customers,
                   "the customers' folders; or the record of a build, IMG.bill.json")
      ->required();
  add_trust_folder(*sign, options);
  sign->footer("\nShows what it signs; a file whose signature holds is left as it is.");
}

void add_manifest(CLI::App& app, TrustOptions& options, const AddCommand& add_command) {
  CLI::App* manifest =
      app.add_subcommand("manifest", "manifests: check, sign, verify")->require_subcommand(1);
  CLI::App* check = add_command(*manifest, Command::kManifestCheck, "check", "name all faults of manifests");
  check->add_option("FILE", options.files, "manifests (TOML)")->required();
  CLI::App* sign = add_command(*manifest, Command::kManifestSign, "sign", "make FILE.minisig");
  sign->add_option("FILE", options.files, "manifests (TOML)")->required();
  sign->add_option("--key", options.key,
                   "the secret key (default: manifest.key of the folder of trusted keys)");
  sign->add_option("--comment", options.comment,
                   "a line that is signed, too (default: the time and the name)");
  add_trust_folder(*sign, options);
  CLI::App* verify =
      add_command(*manifest, Command::kManifestVerify, "verify", "say by whom manifests are signed");
  verify->add_option("FILE", options.files, "manifests (TOML)")->required();
  verify
      ->add_option("--trusted", options.trusted,
                   "a public key; may be repeated (default: manifest*.pub of the folder of trusted keys)")
      ->allow_extra_args(false);
  add_trust_folder(*verify, options);
}

}  // namespace

void add_trust_folder(CLI::App& command, TrustOptions& options) {
  command.add_option(
      "--trust", options.folder,
      "the folder of trusted keys: build*.pub, manifest*.pub (default: ~/.config/mendstick/trust)");
}

void add_trust_options(CLI::App& app, TrustOptions& options, const AddCommand& add_command) {
  CLI::App* trust = app.add_subcommand("trust", "the keys that sign: new-keys")->require_subcommand(1);
  add_new_keys(*trust, options, add_command);
  add_sign(app, options, add_command);
  add_manifest(app, options, add_command);
}

}  // namespace mend::mendstick
