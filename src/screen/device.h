// SPDX-License-Identifier: GPL-3.0-or-later
// One terminal: a device such as /dev/tty1, or standard input and output. Takes its keys byte by byte, and
// its output without ever waiting for it longer than is asked for. Lines (lines.h) and full screens
// (terminal.h) are shown on one.
//
// Invariants
//   SC-1  A device that cannot be opened, or fails later, is out of use; that is never an error.
//   SC-3  The terminal's settings are put back when the Device goes.
// Used from one thread. Owns what it opened.
#pragma once

#include <termios.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace mend::screen {

struct Size {
  int rows = 0, columns = 0;  // 0: not known, as on a serial line
  bool operator==(const Size&) const = default;
};

class Device {
 public:
  explicit Device(std::string path);
  Device();  // standard input and output
  Device(Device&& other) noexcept;
  Device& operator=(Device&&) = delete;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  const std::string& path() const { return path_; }  // empty: standard input and output
  bool usable() const { return out_ >= 0; }
  bool is_terminal() const { return terminal_; }
  Size size() const;
  // To poll for input; -1: nothing more will come.
  int input() const { return in_; }
  // Up to 256 bytes of what was typed, appended to `into`; 0 when there is nothing.
  size_t read(std::string& into);
  // Queued, and sent as far as the terminal takes it at once.
  void write(std::string_view text);
  // Sends what is queued. What a terminal has not taken in that time is dropped: nobody reads there.
  void flush(std::chrono::milliseconds patience);
  // Sends what it takes at once; true when nothing is left.
  bool pump();
  int output() const { return out_; }

 private:
  void prepare();

  std::string path_;
  int own_ = -1;            // opened here
  int in_ = -1, out_ = -1;  // -1: has failed
  bool terminal_ = false;
  bool changed_ = false;  // its settings are to be put back
  termios before_{};
  std::string queue_;
};

}  // namespace mend::screen
