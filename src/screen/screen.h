// SPDX-License-Identifier: GPL-3.0-or-later
// Lines of text on every console of the machine at once (its own screen, a serial line), and a key from any
// of them. What init shows itself on, and what shows why the console cannot. Knows nothing of what is shown.
//
// A console that cannot be opened, or fails later, is left out; the others go on (SC-1).
// Used from one thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "screen/lines.h"

namespace mend::screen {

class Screen {
 public:
  // Each path is a terminal device such as /dev/tty1.
  explicit Screen(const std::vector<std::string>& devices);
  // Standard input and output.
  Screen();

  // As those of Lines, on all of them.
  void line(std::string_view text, Style style = Style::kPlain);
  void status(std::string_view text);
  void clear();
  // The next key (its first byte), or nothing when none came in time.
  std::optional<char> key(std::chrono::milliseconds timeout);
  // Forgets what was typed so far.
  void forget_keys();

 private:
  std::vector<Lines> consoles_;
  std::string typed_;  // and not asked for yet
};

}  // namespace mend::screen
