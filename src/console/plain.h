// SPDX-License-Identifier: GPL-3.0-or-later
// The Model told in lines of text, on what is no full screen: for logs, screen readers, tests, and terminals
// whose type is not known. Says each thing once, when it becomes true; the line at the bottom changes.
// Used from one thread. Owns its terminal.
#pragma once

#include <string>

#include "console/model.h"
#include "screen/keys.h"
#include "screen/lines.h"

namespace mend::console {

class Plain {
 public:
  explicit Plain(screen::Lines lines) : lines_(std::move(lines)) {}

  screen::Device& device() { return lines_.device(); }
  void say(const std::string& text) { lines_.line(text); }
  void begin(const Model& model);
  void show(const Model& model);
  screen::Keys keys(Clock::time_point now);
  // What a key means here: a verdict goes by any key that means nothing else.
  static screen::Key translated(const screen::Key& key, const Model& model);

 private:
  void turn_to(const Model& model);
  void show_key_page(const Model& model);
  void show_field(const Model& model);
  void show_plan(const Model& model);
  void show_verdict(const Model& model);
  void show_menu(const Model& model);
  void lines(std::string_view text);

  screen::Lines lines_;
  screen::KeyDecoder decoder_;
  std::string typed_;
  Page page_ = Page::kWorking;
  size_t messages_ = 0;  // shown so far
  std::string field_message_;
  std::string question_;  // of the key page that is shown
  bool told_verdict_ = false;
};

}  // namespace mend::console
