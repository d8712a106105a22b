// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/passphrase.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"

namespace mend::mendstick {
namespace {

constexpr size_t kMaximumBytes = 1000;  // minisign takes up to 1023

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kUsage, "mendstick.passphrase", what);
}

// The terminal shows nothing of what is typed as long as this lives.
class NoEcho {
 public:
  NoEcho() {
    is_terminal_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!is_terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~NoEcho() {
    if (!is_terminal_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    fmt::print(stderr, "\n");
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  bool is_terminal_ = false;
  termios before_{};
};

// Byte by byte, so that nothing of it is in a buffer of the C library.
Secret read_line() {
  Secret line(kMaximumBytes + 1);
  size_t length = 0;
  for (;;) {
    uint8_t byte = 0;
    const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || byte == '\n') break;
    if (length > kMaximumBytes) refuse(fmt::format("the passphrase is longer than {} bytes", kMaximumBytes));
    line.bytes()[length++] = byte;
  }
  if (length != 0 && line.bytes()[length - 1] == '\r') --length;
  line.shrink(length);
  return line;
}

}  // namespace

Secret ask_passphrase(const std::string& what) {
  if (::isatty(STDIN_FILENO) == 1) fmt::print(stderr, "Passphrase {}: ", what);
  const NoEcho no_echo;
  Secret line = read_line();
  if (line.empty()) refuse(fmt::format("no passphrase was given {}", what));
  return line;
}

Secret ask_new_passphrase(const std::string& what) {
  Secret first = ask_passphrase(what);
  if (::isatty(STDIN_FILENO) != 1) return first;
  if (!equal_constant_time(first.bytes(), ask_passphrase("once more").bytes()))
    refuse("the two passphrases differ");
  return first;
}

}  // namespace mend::mendstick
