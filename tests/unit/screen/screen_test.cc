// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen/screen.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "tests/support/catch.h"

namespace mend::screen {
namespace {

using std::chrono::milliseconds;

// A pseudo-terminal: `path` is the console, the test sits at the other end.
class Terminal {
 public:
  Terminal() : fd_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    REQUIRE(fd_ >= 0);
    REQUIRE(::grantpt(fd_) == 0);
    REQUIRE(::unlockpt(fd_) == 0);
    path = ::ptsname(fd_);
    const winsize size{25, 40, 0, 0};
    REQUIRE(::ioctl(fd_, TIOCSWINSZ, &size) == 0);
  }
  ~Terminal() { hang_up(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(std::string_view text) {
    REQUIRE(::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  std::string shown() {
    std::string all;
    pollfd wait{fd_, POLLIN, 0};
    while (::poll(&wait, 1, 50) > 0 && (wait.revents & POLLIN) != 0) {
      char piece[4096];
      const ssize_t count = ::read(fd_, piece, sizeof piece);
      if (count <= 0) break;
      all.append(piece, static_cast<size_t>(count));
    }
    return all;
  }
  termios settings() const {
    termios now{};
    REQUIRE(::tcgetattr(fd_, &now) == 0);
    return now;
  }
  void hang_up() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  std::string path;

 private:
  int fd_;
};

TEST_CASE("text is wrapped between words and keeps its indent", "[screen]") {
  CHECK(wrap("", 10) == std::vector<std::string>{""});
  CHECK(wrap("one two", 10) == std::vector<std::string>{"one two"});
  CHECK(wrap("one two three", 8) == std::vector<std::string>{"one two", "three"});
  CHECK(wrap("  one two three", 8) == std::vector<std::string>{"  one", "  two", "  three"});
  CHECK(wrap("abcdefghij", 4) == std::vector<std::string>{"abcd", "efgh", "ij"});
  CHECK(wrap("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 2) ==
        std::vector<std::string>{"\xc3\xa4\xc3\xb6", "\xc3\xbc\xc3\x9f"});
  CHECK(wrap("          x", 2).back() == " x");
  for (size_t width = 2; width < 40; ++width) {
    for (const std::string& line : wrap("   The disk was not touched: its log could not be written.", width))
      CHECK(line.size() <= width);
  }
}

TEST_CASE("SC-1: a line reaches every console; one that is not there or hangs up is left out", "[screen]") {
  Terminal first, second;
  Screen screen({first.path, "/dev/there-is-no-such-console", second.path});
  screen.line("The PC is repaired.");
  CHECK(first.shown() == "The PC is repaired.\r\r\n");
  CHECK(second.shown() == "The PC is repaired.\r\r\n");
  first.hang_up();
  screen.line("Pull the stick.");
  screen.line("Now.");
  CHECK(second.shown().find("Now.") != std::string::npos);
  second.type("x");
  CHECK(screen.key(milliseconds(1000)).value_or(screen.key(milliseconds(1000)).value_or('-')) == 'x');
}

TEST_CASE("SC-2: what comes from a disk cannot move the cursor", "[screen]") {
  Terminal terminal;
  Screen screen({terminal.path});
  screen.line("host \x1b[2J\r\n name");
  const std::string shown = terminal.shown();
  CHECK(shown.find('\x1b') == std::string::npos);
  CAPTURE(shown);
  CHECK(shown.find("[2J") != std::string::npos);
}

TEST_CASE("SC-3: a console is put back as it was", "[screen]") {
  Terminal terminal;
  const termios before = terminal.settings();
  {
    Screen screen({terminal.path});
    CHECK((terminal.settings().c_lflag & ICANON) == 0);
  }
  CHECK(terminal.settings().c_lflag == before.c_lflag);
}

TEST_CASE("a key counts when it was typed after the others were forgotten", "[screen]") {
  Terminal terminal;
  Screen screen({terminal.path});
  CHECK_FALSE(screen.key(milliseconds(0)));
  terminal.type("abc");
  CHECK(screen.key(milliseconds(1000)) == 'a');
  screen.forget_keys();
  CHECK_FALSE(screen.key(milliseconds(0)));
  terminal.type("y");
  CHECK(screen.key(milliseconds(1000)) == 'y');
}

TEST_CASE("the status line gives way to the next line", "[screen]") {
  Terminal terminal;
  Screen screen({terminal.path});
  screen.status(std::string(100, 'x'));
  CHECK(terminal.shown() == "\r" + std::string(39, 'x') + "\033[K");
  screen.line("done");
  CHECK(terminal.shown() == "\r\033[Kdone\r\r\n");
}

}  // namespace
}  // namespace mend::screen
