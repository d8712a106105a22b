// SPDX-License-Identifier: GPL-3.0-or-later
// A full-screen terminal: a Grid is brought to it with as few bytes as ncursesw finds, and its keys come
// back. ncursesw writes into memory only; from there it goes to the device as fast as that takes it, so that
// a slow serial line delays nobody.
//
// Invariants
//   TE-1  Nothing is drawn while an earlier page is still on its way: a slow terminal sees fewer pages, each
//         one whole.
//   TE-2  A terminal whose type is not known is refused by open(), and its device given back untouched.
//   TE-3  At its end the terminal is as it was before: its main screen, its cursor, its colours.
// Used from one thread, all Terminals from the same one: ncursesw has global state.
#pragma once

#include <memory>
#include <string>

#include "screen/grid.h"
#include "screen/keys.h"

namespace mend::screen {

enum class Charset { kUnicode, kAscii };

class Terminal {
 public:
  // `type`: as in TERM. Without a description on this machine the two that are built in are used: "linux" and
  // "vt220". Null when there is no such type; `device` is as before then.
  static std::unique_ptr<Terminal> open(Device& device, const std::string& type, Charset charset);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  Device& device();
  // What it shows: the device's size, else the one that was set, else 80×24.
  Size size() const;
  // For a terminal whose device does not know its size.
  void set_size(Size size);
  // TE-1: does nothing while it is busy.
  void show(const Grid& grid);
  bool busy();
  // All of it anew at the next show(): the terminal may show something else.
  void redraw();
  Keys keys(KeyDecoder::Clock::time_point now);
  // Milliseconds after which keys() has news without input; -1: none.
  int key_delay() const;

 private:
  Terminal();
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace mend::screen
