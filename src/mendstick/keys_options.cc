// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/keys_options.h"

#include <CLI/CLI.hpp>

namespace mend::mendstick {
namespace {

constexpr const char* kFiles = "key files, or folders of them: CSV, JSON, text, .BEK, told apart by content";

void add_import(CLI::App& keys, KeysOptions& options, const AddCommand& add_command) {
  CLI::App* import =
      add_command(keys, Command::kKeysImport, "import", "gather a customer's keys in one table");
  import->add_option("FILE", options.files, kFiles)->required();
  import->add_option("-o,--output", options.output, "the folder to put them in: CUSTOMER_DIR/keys")
      ->required();
}

void add_check(CLI::App& keys, KeysOptions& options, const AddCommand& add_command) {
  CLI::App* check = add_command(keys, Command::kKeysCheck, "check", "the same, and nothing is written");
  check->add_option("FILE", options.files, kFiles)->required();
}

}  // namespace

void add_keys_options(CLI::App& app, KeysOptions& options, const AddCommand& add_command) {
  CLI::App* keys = app.add_subcommand("keys", "recovery keys: import, check")->require_subcommand(1);
  add_import(*keys, options, add_command);
  add_check(*keys, options, add_command);
}

}  // namespace mend::mendstick
