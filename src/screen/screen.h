// SPDX-License-Identifier: GPL-3.0-or-later
// Lines of text on every console of the machine at once (its own screen, a serial line), and a key from any
// of them. What init and the technician's console show themselves on. Knows nothing of what is shown.
//
// Invariants
//   SC-1  A console that cannot be opened, or fails later, is left out; the others go on. No output is ever
//   an
//         error.
//   SC-2  Only printable text reaches a console: what comes from a disk cannot move a cursor (base/text.h).
//   SC-3  A console's settings are put back when the Screen goes.
// Used from one thread. Owns the file descriptors.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mend::screen {

enum class Style { kPlain, kGood, kBad, kStrong };  // colour and weight only; the words say it too

class Screen {
 public:
  // Each path is a terminal device such as /dev/tty1.
  explicit Screen(const std::vector<std::string>& devices);
  // Standard input and output.
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // A line of its own. Text longer than a console is wide is wrapped between words.
  void line(std::string_view text, Style style = Style::kPlain);
  // The line at the bottom that changes: progress. The next line() or an empty text takes it away. On what is
  // no terminal it is not shown.
  void status(std::string_view text);
  // An empty screen where that is possible.
  void clear();
  // The next key (its first byte), or nothing when none came in time.
  std::optional<char> key(std::chrono::milliseconds timeout);
  // Forgets what was typed so far.
  void forget_keys();

 private:
  struct Console;
  std::vector<Console> consoles_;
};

// `text` cut between words into lines of at most `width` columns; lines after the first keep its indent.
// REQUIRES: width >= 2.
std::vector<std::string> wrap(std::string_view text, size_t width);

}  // namespace mend::screen
