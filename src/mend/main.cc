// SPDX-License-Identifier: GPL-3.0-or-later
// `mend`: options in, one command run, a report and an exit status out.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "console/show.h"
#include "mend/options.h"
#include "mend/terminal.h"
#include "repair/copy.h"
#include "repair/run.h"
#include "repair/undo.h"
#include "repair/version.h"

namespace mend {
namespace {

void print(const std::string& text) {
  fmt::print("{}", text);
}

void print(const nlohmann::ordered_json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

int run_check(Options& options, Terminal& terminal) {
  const repair::CheckResult result = repair::check(options.request, terminal);
  terminal.clear();
  options.json ? print(to_json(result)) : print(console::show_check(result));
  return result.exit_status;
}

int run_decrypt(Options& options, Terminal& terminal) {
  const repair::CopyResult result =
      repair::decrypt(options.request, options.partition, options.output, terminal);
  terminal.tell(fmt::format("{}: {} bytes in {}, {} of them written, the rest are holes", result.volume,
                            result.size_bytes, options.output, result.bytes_written));
  return 0;
}

int run_console(const StickOptions& stick) {
  std::optional<console::Session> session;
  try {
    session = stick_session(stick);
  } catch (const Error& error) {
    return static_cast<int>(console::show_failure(stick.screens, stick.device, error.what()));
  }
  return static_cast<int>(console::run(*session, stick.screens));
}

int run_report(Options& options, Terminal& terminal) {
  repair::Report report;
  switch (options.command) {
    case Command::kScan:
      report = repair::scan(options.request, terminal);
      break;
    case Command::kResume:
      report = repair::resume(options.request, terminal);
      break;
    case Command::kReplay:
      report = repair::replay_logs(options.request, terminal);
      break;
    case Command::kUndo:
      report = repair::undo(options.journal, options.request, terminal);
      break;
    default:
      report = repair::repair(options.request, terminal);
      break;
  }
  terminal.clear();
  if (options.json) {
    print(to_json(report));
  } else {
    print(options.command == Command::kScan ? console::show_scan(report) : console::show_repair(report));
  }
  return report.exit_status;
}

int run(int argc, char** argv, Terminal& terminal) {
  Options options = parse_options(argc, argv);
  for (const std::string& note : options.key_notes) terminal.tell(note);
  switch (options.command) {
    case Command::kHelp:
      return print(help_text()), 0;
    case Command::kVersion:
      return print(std::string(repair::kToolName) + "\n"), 0;
    case Command::kCheck:
      return run_check(options, terminal);
    case Command::kDecrypt:
      return run_decrypt(options, terminal);
    case Command::kConsole:
      return run_console(options.stick);
    default:
      return run_report(options, terminal);
  }
}

// What a run that ended in an error means for a script (DESIGN: command-line contract).
int exit_status(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kUsage:
    case ErrorCode::kNotFound:
      return 2;
    case ErrorCode::kIo:
      return 4;
    case ErrorCode::kConflict:
      return 5;
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
    case ErrorCode::kWrongKey:
    case ErrorCode::kRefused:
      return 1;
  }
  return 1;
}

}  // namespace
}  // namespace mend

int main(int argc, char** argv) {
  mend::Terminal terminal;
  try {
    return mend::run(argc, argv, terminal);
  } catch (const mend::Error& error) {
    terminal.tell(fmt::format("mend: {}", error.what()));
    return mend::exit_status(error);
  } catch (const std::exception& error) {
    terminal.tell(
        fmt::format("mend: internal error: {}; the disk is as it was unless the log says that writing began",
                    error.what()));
    return 4;
  }
}
