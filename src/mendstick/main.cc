// SPDX-License-Identifier: GPL-3.0-or-later
// `mendstick`: options in, one command run, an exit status out.
#include <fmt/format.h>

#include <cstdio>

#include "base/error.h"
#include "mendstick/commands.h"
#include "mendstick/terminal.h"

namespace mend::mendstick {
namespace {

int exit_status(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kUsage:
    case ErrorCode::kNotFound:
      return 2;
    case ErrorCode::kIo:
      return 4;
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
    case ErrorCode::kWrongKey:
    case ErrorCode::kRefused:
    case ErrorCode::kConflict:
      return 1;
  }
  return 1;
}

}  // namespace
}  // namespace mend::mendstick

int main(int argc, char** argv) {
  mend::mendstick::Terminal terminal;
  try {
    return mend::mendstick::run(mend::mendstick::parse_options(argc, argv), terminal);
  } catch (const mend::Error& error) {
    terminal.note(fmt::format("mendstick: {}", error.what()));
    return mend::mendstick::exit_status(error);
  } catch (const std::exception& error) {
    terminal.note(fmt::format("mendstick: internal error: {}", error.what()));
    return 4;
  }
}
