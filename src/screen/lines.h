// SPDX-License-Identifier: GPL-3.0-or-later
// Lines of text on one terminal, or in a file or a pipe: what is shown stays, in order, and one line at the
// bottom changes. What init and the console's plain mode show themselves on.
//
// Invariants
//   SC-2  Only printable text reaches a terminal: what comes from a disk cannot move a cursor (base/text.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "screen/device.h"

namespace mend::screen {

enum class Style { kPlain, kGood, kBad, kStrong };  // colour and weight only; the words say it too

class Lines {
 public:
  explicit Lines(Device device) : device_(std::move(device)) {}
  Lines(Lines&&) = default;
  ~Lines();

  Device& device() { return device_; }
  // A line of its own. Text longer than a terminal is wide is wrapped between words.
  void line(std::string_view text, Style style = Style::kPlain);
  // The line at the bottom that changes: progress. The next line() or an empty text takes it away. On what is
  // no terminal it is not shown.
  void status(std::string_view text);
  // An empty screen where that is possible.
  void clear();

 private:
  void take_status_away();
  void write(std::string_view text);
  size_t width() const;

  Device device_;
  std::string status_;  // what is shown at the bottom
};

// `text` cut between words into lines of at most `width` columns; lines after the first keep its indent.
// REQUIRES: width >= 2.
std::vector<std::string> wrap(std::string_view text, size_t width);

}  // namespace mend::screen
