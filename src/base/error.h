// SPDX-License-Identifier: GPL-3.0-or-later
// The one exception type. Thrown by libraries; caught per volume in repair/, in main and at C callbacks.
// The code says what the caller can do, the id names the raise site, the text what was attempted, where, what
// was found and what was done about it. A message never holds a key, a password or a part of one.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace mend {

enum class ErrorCode {
  kUsage,        // what the caller gave is wrong: option, profile, manifest, key file
  kNotFound,     // a named thing is not there
  kIo,           // a device or a file failed
  kCorrupt,      // what was read contradicts its format
  kUnsupported,  // understood, and not something we handle safely
  kWrongKey,     // a key does not fit
  kRefused,      // a rule or a safety check forbids it
  kConflict,     // the target changed since it was seen
};

std::string_view to_string(ErrorCode code);

class Error : public std::exception {
 public:
  // `id` is a literal, unique to the raise site, such as "bitlocker.fve.crc".
  Error(ErrorCode code, const char* id, std::string message);

  ErrorCode code() const noexcept { return code_; }
  const char* id() const noexcept { return id_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // Puts "context: " before the message. Returns itself, for `throw error.with_context("disk x")`.
  Error& with_context(std::string_view context);

 private:
  ErrorCode code_;
  const char* id_;
  std::string message_;
};

// Throws kIo with `what` and the text of the errno value.
[[noreturn]] void throw_errno(const char* id, std::string_view what, int errno_value);

}  // namespace mend
