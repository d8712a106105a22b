// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/report_options.h"

#include <CLI/CLI.hpp>

namespace mend::mendstick {

void add_collect_options(CLI::App& command, CollectOptions& options) {
  command
      .add_option(
          "DEVICE_OR_DIR", options.sources,
          "sticks: disks such as /dev/sdX that are not mounted, images, or folders they are mounted at; "
          "also folders of logs")
      ->required();
  command.add_option("-o,--output", options.output, "the folder for the logs of all sticks")->required();
  CLI::Option* also =
      command.add_option("--also", options.also, "a second folder for the same, on another disk");
  command
      .add_flag("--clear", options.clear,
                "then empty the sticks of what is safe in both folders, but for work that is not finished")
      ->needs(also);
  command.footer(
      "\nEach log's chain is verified and each copy read back; nothing is written over, and what is there "
      "already\nis not copied again. A journal (*.undo) belongs to its log: `mend undo` needs both.");
}

void add_report_options(CLI::App& command, ReportOptions& options) {
  command.add_option("LOGS", options.logs, "logs (.jsonl), or folders of logs")->required();
  command.add_option("-o,--output", options.page, "the page to make, such as report.html");
  command.add_option("--csv", options.csv, "a table to make: one row a machine");
  command.add_option("--json", options.json, "a JSON document to make: everything");
  command.add_option(
      "--ecs", options.ecs,
      "JSON Lines to make, with the fields of the Elastic Common Schema: the records of all logs");
  command
      .add_option(
          "--hosts", options.hosts,
          "a customer's list of hosts, to tell which nobody has seen: FILE, or CUSTOMER=FILE where there "
          "are several; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--customer", options.customers,
                  "only this one; logs that name no customer count as theirs; may be repeated")
      ->allow_extra_args(false);
  command.footer(
      "\nThe page needs nothing but itself: it opens from a file share, without a network. What is wrong "
      "with a "
      "log is\nnamed, and the exit status is 1 then. SOURCE_DATE_EPOCH gives the time that the page says it "
      "was "
      "made at.");
}

}  // namespace mend::mendstick
