// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen/screen.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"

namespace mend::screen {
namespace {

constexpr size_t kUsualWidth = 80;
constexpr size_t kNarrowest = 20;

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

struct Screen::Console {
  int device = -1;        // opened here
  int in = -1, out = -1;  // -1: has failed
  bool terminal = false;
  bool changed = false;  // its settings are to be put back
  termios before{};
  bool shows_status = false;

  void write(std::string_view text) {
    while (out >= 0 && !text.empty()) {
      const ssize_t count = ::write(out, text.data(), text.size());
      if (count > 0) {
        text.remove_prefix(static_cast<size_t>(count));
      } else if (errno == EAGAIN) {
        pollfd wait{out, POLLOUT, 0};
        if (::poll(&wait, 1, 1000) <= 0) return;  // a serial line that nobody reads does not stop a repair
      } else if (errno != EINTR) {
        out = -1;
      }
    }
  }
  size_t width() const {
    winsize size{};
    if (::ioctl(out, TIOCGWINSZ, &size) != 0 || size.ws_col < kNarrowest) return kUsualWidth;
    return size.ws_col;
  }
  void prepare() {
    terminal = ::isatty(out) == 1;
    if (in < 0 || ::tcgetattr(in, &before) != 0) return;
    termios raw = before;
    raw.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO));
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    changed = ::tcsetattr(in, TCSANOW, &raw) == 0;
  }
  void take_status_away() {
    if (shows_status) write("\r\033[K");
    shows_status = false;
  }
};

Screen::Screen(const std::vector<std::string>& devices) {
  for (const std::string& device : devices) {
    Console console;
    console.device = ::open(device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (console.device < 0) continue;
    console.in = console.out = console.device;
    console.prepare();
    consoles_.push_back(console);
  }
}

Screen::Screen() {
  Console console;
  console.in = STDIN_FILENO;
  console.out = STDOUT_FILENO;
  console.prepare();
  consoles_.push_back(console);
}

Screen::~Screen() {
  for (Console& console : consoles_) {
    console.take_status_away();
    if (console.changed)
      ::tcsetattr(console.device < 0 ? STDIN_FILENO : console.device, TCSANOW, &console.before);
    if (console.device >= 0) ::close(console.device);
  }
}

void Screen::line(std::string_view text, Style style) {
  const std::string shown = printable(text);
  for (Console& console : consoles_) {
    console.take_status_away();
    std::string out;
    const auto lines = console.terminal ? wrap(shown, console.width() - 1) : std::vector<std::string>{shown};
    for (const std::string& one : lines) {
      const bool coloured = console.terminal && style != Style::kPlain;
      if (coloured) out += escape(style);
      out += one;
      if (coloured) out += "\033[0m";
      out += console.terminal ? "\r\n" : "\n";
    }
    console.write(out);
  }
}

void Screen::status(std::string_view text) {
  const std::string shown = printable(text);
  for (Console& console : consoles_) {
    if (!console.terminal) continue;
    if (shown.empty()) {
      console.take_status_away();
      continue;
    }
    console.write("\r" + shown.substr(0, bytes_of_columns(shown, console.width() - 1)) + "\033[K");
    console.shows_status = true;
  }
}

void Screen::clear() {
  for (Console& console : consoles_) {
    if (!console.terminal) continue;
    console.write("\033[2J\033[H");
    console.shows_status = false;
  }
}

std::optional<char> Screen::key(std::chrono::milliseconds timeout) {
  std::vector<pollfd> waits;
  for (const Console& console : consoles_) waits.push_back({console.in, POLLIN, 0});
  if (::poll(waits.data(), waits.size(), static_cast<int>(timeout.count())) <= 0) return std::nullopt;
  for (size_t i = 0; i < waits.size(); ++i) {
    if (waits[i].revents == 0) continue;
    char byte = 0;
    const ssize_t count = ::read(consoles_[i].in, &byte, 1);
    if (count == 1) return byte;
    // Its end, or a failure: this console types no more.
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) consoles_[i].in = -1;
  }
  return std::nullopt;
}

void Screen::forget_keys() {
  while (key(std::chrono::milliseconds(0))) {
  }
}

}  // namespace mend::screen
