// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/keys_options.h"

#include <CLI/CLI.hpp>

namespace mend::mendstick {
namespace {

void add_gathering(CLI::App& command, KeysOptions& options) {
  command
      .add_option("FILE", options.files,
                  "key files, or folders of them: CSV, JSON, text, .BEK, told apart by content")
      ->required();
  command.add_option("--hosts", options.hosts,
                     "a list of computers, one a line or a CSV: those without a key are named");
  command.add_option("--only", options.only, "a stick's wanted-keys.csv: only these keys are taken");
  command.add_flag("--list", options.list, "name every host, not only the first");
}

void add_import(CLI::App& keys, KeysOptions& options, const AddCommand& add_command) {
  CLI::App* import =
      add_command(keys, Command::kKeysImport, "import", "gather a customer's keys in one table");
  add_gathering(*import, options);
  import->add_option("-o,--output", options.output, "the folder to put them in: CUSTOMER_DIR/keys")
      ->required();
  import->footer(
      "\nWrites recovery-keys.csv into the folder, readable by you alone, and copies .BEK files beside it. "
      "Keys\n"
      "that are in that table stay in it. What cannot be read is named by file, line and reason, and the "
      "exit\n"
      "status is 1 then, as it is when a host of --hosts or a key of --only is missing.");
}

void add_check(CLI::App& keys, KeysOptions& options, const AddCommand& add_command) {
  CLI::App* check = add_command(keys, Command::kKeysCheck, "check", "the same, and nothing is written");
  add_gathering(*check, options);
}

void add_rotate(CLI::App& keys, KeysOptions& options, const AddCommand& add_command) {
  CLI::App* rotate =
      add_command(keys, Command::kKeysRotate, "rotate", "list the keys that are to be changed, as CSV");
  rotate->add_option("--log", options.logs, "logs of repairs, or folders of them: the keys that were used");
  rotate->add_option("--carried", options.carried,
                     "what a lost stick carried: CUSTOMER_DIR/keys, as it was when the stick was made");
  rotate->add_option("--hosts", options.hosts, "of the carried keys only those of these computers");
  rotate->add_flag("--commands", options.commands, "manage-bde commands for Windows instead");
  rotate->footer(
      "\nA key that was used was seen, and a key on a lost stick may be. Neither list shows a key. The exit\n"
      "status is 1 when a log could not be read as a whole: a key that it named may be missing here.");
}

void add_sheet(CLI::App& keys, KeysOptions& options, const AddCommand& add_command) {
  CLI::App* sheet = add_command(keys, Command::kKeysSheet, "sheet", "a page of keys to print, for scanners");
  sheet->add_option("HOST", options.names, "the computers whose keys are to be on it")->required();
  sheet->add_option("--keys", options.from, "key files, or the folder CUSTOMER_DIR/keys")->required();
  sheet->add_option("-o,--output", options.output, "the page to make, such as sheet.html")->required();
  sheet->add_option("--days", options.days, "after how many days the page is to be destroyed")
      ->capture_default_str()
      ->check(CLI::Range(1, 365));
  sheet->footer(
      "\nHTML in one file, readable by you alone. It shows the keys in clear: print it, then delete it.");
}

}  // namespace

void add_keys_options(CLI::App& app, KeysOptions& options, const AddCommand& add_command) {
  CLI::App* keys =
      app.add_subcommand("keys", "recovery keys: import, check, rotate, sheet")->require_subcommand(1);
  add_import(*keys, options, add_command);
  add_check(*keys, options, add_command);
  add_rotate(*keys, options, add_command);
  add_sheet(*keys, options, add_command);
}

}  // namespace mend::mendstick
