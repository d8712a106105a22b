// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/nesting.h"

#include <string>

namespace mend::config {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<Place> too_deep() {
    size_t dots = 0;
    while (!at_end()) {
      const char c = text_[place_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') skip_comment();
      if (c == '\n') dots = 0;
      if (c == '.' && ++dots > kMaximumDotsInLine) return at_;
      step();
    }
    return std::nullopt;
  }

 private:
  bool at_end() const { return place_ >= text_.size(); }
  bool next_is(std::string_view wanted) const { return text_.substr(place_).starts_with(wanted); }
  void step() {
    if (at_end()) return;
    if (text_[place_++] == '\n') {
      at_ = {at_.line + 1, 1};
    } else {
      ++at_.column;
    }
  }
  void step(size_t count) {
    while (count-- > 0) step();
  }
  // Up to the line's end, not over it.
  void skip_comment() {
    while (!at_end() && text_[place_] != '\n') step();
  }
  // A string of one line, which a line's end also ends, or of several. Up to two quotes more than three may
  // stand at the end of the latter and belong to it.
  void skip_string(char quote) {
    const std::string fence(3, quote);
    const bool several_lines = next_is(fence);
    step(several_lines ? 3 : 1);
    while (!at_end()) {
      if (quote == '"' && text_[place_] == '\\') {
        step(2);
      } else if (several_lines && next_is(fence)) {
        step(3);
        for (int more = 0; more < 2 && !at_end() && text_[place_] == quote; ++more) step();
        return;
      } else if (!several_lines && (text_[place_] == quote || text_[place_] == '\n')) {
        if (text_[place_] == quote) step();
        return;
      } else {
        step();
      }
    }
  }

  std::string_view text_;
  size_t place_ = 0;
  Place at_;
};

}  // namespace

std::optional<Place> too_deep(std::string_view text) {
  return Scanner(text).too_deep();
}

}  // namespace mend::config
