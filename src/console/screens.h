// SPDX-License-Identifier: GPL-3.0-or-later
// All terminals of the session: full screens where the terminal is known, lines of text elsewhere, and one
// stream of keys from all of them. A serial line begins with lines, which are good for a log; when the
// terminal at its other end answers, and so has someone in front of it, it becomes a full screen of that
// terminal's size; Ctrl+L asks for the size again.
//
// Invariants
//   SS-1  No terminal delays the others: nothing here waits for one to take its output.
//   SS-2  There is always one that shows the session, be it standard output as lines of text.
// Used from one thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "console/model.h"
#include "console/plain.h"
#include "screen/terminal.h"

namespace mend::console {

struct ScreenOptions {
  std::vector<std::string> devices;  // none: standard input and output
  bool plain = false;                // lines of text everywhere
};

class Screens {
 public:
  explicit Screens(const ScreenOptions& options);
  ~Screens();
  Screens(const Screens&) = delete;
  Screens& operator=(const Screens&) = delete;

  void begin(const Model& model);
  void show(const Model& model);
  // The keys that came within the time; returns at once when `wake` can be read.
  screen::Keys wait(int wake, std::chrono::milliseconds timeout, const Model& model);
  void forget_keys();
  // Rows that scroll out of sight on the screen that hides most; of the last show().
  int hidden_rows() const { return hidden_rows_; }
  // Of a virtual console: another keyboard layout. Elsewhere the terminal has its own.
  void set_layout(int layout);

 private:
  struct Line;  // one terminal
  void open(screen::Device device);
  void make_full(Line& line);

  std::vector<std::unique_ptr<Line>> lines_;
  int hidden_rows_ = 0;
};

}  // namespace mend::console
