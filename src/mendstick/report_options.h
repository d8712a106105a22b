// SPDX-License-Identifier: GPL-3.0-or-later
// The options of `mendstick collect` and `mendstick report`.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mend::mendstick {

struct CollectOptions {
  std::vector<std::string> sources;
  std::string output, also;
  bool clear = false;
};

struct ReportOptions {
  std::vector<std::string> logs;
  std::string page, csv, json, ecs;
  std::vector<std::string> customers;
  std::vector<std::string> hosts;  // FILE or CUSTOMER=FILE
};

void add_collect_options(CLI::App& command, CollectOptions& options);
void add_report_options(CLI::App& command, ReportOptions& options);

}  // namespace mend::mendstick
