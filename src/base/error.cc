// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/error.h"

#include <system_error>

namespace mend {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kWrongKey:
      return "wrong-key";
    case ErrorCode::kRefused:
      return "refused";
    case ErrorCode::kConflict:
      return "conflict";
  }
  return "unknown";
}

Error::Error(ErrorCode code, const char* id, std::string message)
    : code_(code), id_(id), message_(std::move(message)) {}

Error& Error::with_context(std::string_view context) {
  message_.insert(0, std::string(context) + ": ");
  return *this;
}

void throw_errno(const char* id, std::string_view what, int errno_value) {
  throw Error(ErrorCode::kIo, id,
              std::string(what) + ": " + std::error_code(errno_value, std::generic_category()).message());
}

}  // namespace mend
