// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes from a terminal, whatever its type, as keys: characters, and the keys that send escape sequences. It
// knows the sequences of the Linux console, xterm, VT100, VT220 and their relatives all at once, so it needs
// no description of the terminal.
//
// Invariants
//   KY-1  Any bytes give keys or nothing; a sequence that is not known gives nothing, never its letters as
//   keys. KY-2  At most kLongestSequence bytes are held back, and they are wiped when they have become keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "screen/device.h"

namespace mend::screen {

enum class KeyCode {
  kCharacter,
  kEnter,
  kEscape,
  kBackspace,
  kDelete,
  kTab,
  kBackTab,
  kUp,
  kDown,
  kLeft,
  kRight,
  kHome,
  kEnd,
  kPageUp,
  kPageDown,
  kFunction,      // F1 to F12
  kRedraw,        // Ctrl-L
  kCursorReport,  // the terminal's answer to where its cursor is
};

struct Key {
  KeyCode code = KeyCode::kCharacter;
  char32_t character = 0;  // kCharacter
  int function = 0;        // kFunction: 1 to 12
  Size cursor;             // kCursorReport, counted from 1
  bool operator==(const Key&) const = default;
};

using Keys = std::vector<Key, WipingAllocator<Key>>;

class KeyDecoder {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kLongestSequence = 32;
  // A lone Esc is one when nothing has followed it for so long.
  static constexpr std::chrono::milliseconds kEscapeDelay{60};

  // The keys that are complete. `bytes` is wiped.
  Keys take(std::string& bytes, Clock::time_point now);
  // A lone Esc, once its time is over; call it when nothing has come.
  Keys rest(Clock::time_point now);
  bool waits() const { return !held_.empty(); }

 private:
  size_t next(Keys& keys, std::string_view bytes) const;

  void forget(size_t count);

  std::string held_;
  Clock::time_point held_since_{};
};

}  // namespace mend::screen
