// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen/lines.h"

#include <algorithm>

#include "base/text.h"

namespace mend::screen {
namespace {

constexpr size_t kUsualWidth = 80;
constexpr int kNarrowest = 20;
constexpr std::chrono::milliseconds kPatience{
    1000};  // a serial line that nobody reads does not stop a repair

std::string_view escape(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kGood:
      return "\033[1;32m";
    case Style::kBad:
      return "\033[1;33m";
    case Style::kStrong:
      return "\033[1m";
  }
  return "";
}

// How many bytes of `text` the first `width` columns take. A character is taken for one column, which is near
// enough for the scripts that consoles show.
size_t bytes_of_columns(std::string_view text, size_t width) {
  size_t at = 0;
  while (at < text.size()) {
    const bool starts = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (starts && width-- == 0) break;
    ++at;
  }
  return at;
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  const size_t indent = std::min(text.find_first_not_of(' '), text.size());
  const std::string margin(std::min(indent, width / 2), ' ');
  std::string_view rest = text;
  do {
    const std::string start = lines.empty() ? "" : margin;
    const size_t room = width - start.size();
    size_t take = bytes_of_columns(rest, room);
    if (take < rest.size()) {
      const size_t blank = rest.substr(0, take + 1).rfind(' ');
      if (blank != std::string_view::npos && blank > (lines.empty() ? indent : 0)) take = blank;
    }
    lines.push_back(start + std::string(rest.substr(0, take)));
    rest.remove_prefix(take);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  } while (!rest.empty());
  return lines;
}

Lines::~Lines() {
  take_status_away();
}

size_t Lines::width() const {
  const int columns = device_.size().columns;
  return columns < kNarrowest ? kUsualWidth : static_cast<size_t>(columns);
}

void Lines::write(std::string_view text) {
  device_.write(text);
  device_.flush(kPatience);
}

void Lines::take_status_away() {
  if (!status_.empty()) write("\r\033[K");
  status_.clear();
}

void Lines::line(std::string_view text, Style style) {
  const std::string shown = printable(text);
  const bool terminal = device_.is_terminal();
  take_status_away();
  std::string out;
  for (const std::string& one : terminal ? wrap(shown, width() - 1) : std::vector<std::string>{shown}) {
    const bool coloured = terminal && style != Style::kPlain;
    if (coloured) out += escape(style);
    out += one;
    if (coloured) out += "\033[0m";
    out += terminal ? "\r\n" : "\n";
  }
  write(out);
}

void Lines::status(std::string_view text) {
  const std::string shown = printable(text);
  if (!device_.is_terminal()) return;
  if (shown.empty()) return take_status_away();
  if (shown == status_) return;
  write("\r" + shown.substr(0, bytes_of_columns(shown, width() - 1)) + "\033[K");
  status_ = shown;
}

void Lines::clear() {
  if (!device_.is_terminal()) return;
  write("\033[2J\033[H");
  status_.clear();
}

}  // namespace mend::screen
