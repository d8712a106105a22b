// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen/terminal.h"

// ncurses gives short names to macros; only functions are wanted.
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <ncurses.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "screen/terminfo.h"

namespace mend::screen {
namespace {

constexpr Size kUsual{24, 80};
constexpr Size kLargest{300, 500};
constexpr std::chrono::milliseconds kLastWords{500};

// The descriptions that a stick has no files for; ncurses takes them out of the environment.
void describe_to_ncurses(const std::string& type) {
  for (const BuiltInTerminal& known : kBuiltInTerminals) {
    if (type == known.name) ::setenv("TERMINFO", known.description, 1);
  }
}

struct Colours {
  short text, ground;
  attr_t more;
};

// In the order of Look. On a terminal without colours `more` and kReverse are all there is.
constexpr Colours kColours[] = {
    {-1, -1, A_NORMAL},                     // kPlain
    {-1, -1, A_BOLD},                       // kStrong
    {-1, -1, A_NORMAL},                     // kDim
    {COLOR_BLACK, COLOR_WHITE, A_NORMAL},   // kTitle
    {COLOR_BLACK, COLOR_CYAN, A_NORMAL},    // kSelected
    {COLOR_WHITE, COLOR_BLUE, A_BOLD},      // kGood
    {COLOR_BLACK, COLOR_YELLOW, A_NORMAL},  // kBad
    {COLOR_BLACK, COLOR_WHITE, A_NORMAL},   // kInk
};
constexpr attr_t kWithoutColours[] = {A_NORMAL,  A_BOLD,    A_NORMAL,  A_REVERSE,
                                      A_REVERSE, A_REVERSE, A_REVERSE, A_REVERSE};

Size within_reason(Size size) {
  if (size.rows <= 0 || size.columns <= 0) return kUsual;
  return {std::clamp(size.rows, 2, kLargest.rows), std::clamp(size.columns, 20, kLargest.columns)};
}

}  // namespace

struct Terminal::Inside {
  Device device;
  FILE* memory = nullptr;  // what ncurses writes
  SCREEN* screen = nullptr;
  Charset charset = Charset::kAscii;
  bool colours = false;
  bool fresh = true;  // nothing of ours is on it yet
  Size told{};        // by set_size()
  Size drawn{};       // what ncurses takes it to be
  KeyDecoder decoder;
  std::string typed;

  explicit Inside(Device given) : device(std::move(given)) {}

  // What ncurses has written since the last time.
  std::string take_output() {
    std::fflush(memory);
    const int fd = ::fileno(memory);
    const off_t size = ::lseek(fd, 0, SEEK_CUR);
    std::string bytes(static_cast<size_t>(std::max<off_t>(size, 0)), '\0');
    const ssize_t count = ::pread(fd, bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0) bytes.clear();
    return bytes;
  }
  void select() const { ::set_term(screen); }
  void prepare() {
    ::noecho();
    ::curs_set(0);
    ::leaveok(::stdscr, TRUE);
    colours =
        ::has_colors() && ::start_color() == OK && ::COLOR_PAIRS > static_cast<int>(std::size(kColours));
    if (!colours) return;
    const bool own_ground = ::use_default_colors() == OK;
    for (size_t i = 0; i < std::size(kColours); ++i) {
      const Colours& pair = kColours[i];
      const short text = pair.text < 0 && !own_ground ? static_cast<short>(COLOR_WHITE) : pair.text;
      const short ground = pair.ground < 0 && !own_ground ? static_cast<short>(COLOR_BLACK) : pair.ground;
      ::init_pair(static_cast<short>(i + 1), text, ground);
    }
  }
  void draw(int row, int column, const Cell& cell) const {
    const auto look = static_cast<size_t>(cell.look);
    const attr_t attributes = colours ? kColours[look].more : kWithoutColours[look];
    const auto pair = static_cast<short>(colours ? look + 1 : 0);
    const char32_t shown =
        charset == Charset::kUnicode ? cell.character : static_cast<char32_t>(ascii_for(cell.character));
    const wchar_t text[2] = {static_cast<wchar_t>(shown), L'\0'};
    cchar_t character{};
    if (::setcchar(&character, text, attributes, pair, nullptr) == OK) ::mvadd_wch(row, column, &character);
  }
};

Terminal::Terminal() = default;

std::unique_ptr<Terminal> Terminal::open(Device& device, const std::string& type, Charset charset) {
  if (!device.usable() || !device.is_terminal() || type.empty() || type == "dumb") return nullptr;
  std::setlocale(LC_CTYPE, "C.UTF-8");  // on a stick there is no such file; see mend/closed_world.cc
  describe_to_ncurses(type);
  const int fd = ::memfd_create("terminal", MFD_CLOEXEC);
  FILE* memory = fd < 0 ? nullptr : ::fdopen(fd, "w+");
  if (memory == nullptr) {
    if (fd >= 0) ::close(fd);
    return nullptr;
  }
  SCREEN* screen = ::newterm(type.c_str(), memory, memory);
  if (screen == nullptr) {
    std::fclose(memory);
    return nullptr;
  }
  std::unique_ptr<Terminal> terminal(new Terminal);
  terminal->inside_ = std::make_unique<Inside>(std::move(device));
  Inside& inside = *terminal->inside_;
  inside.memory = memory;
  inside.screen = screen;
  inside.charset = charset;
  inside.select();
  inside.prepare();
  return terminal;
}

Terminal::~Terminal() {
  Inside& inside = *inside_;
  inside.select();
  ::endwin();
  inside.device.write(inside.take_output());
  inside.device.flush(kLastWords);
  ::delscreen(inside.screen);
  std::fclose(inside.memory);
}

Device& Terminal::device() {
  return inside_->device;
}

Size Terminal::size() const {
  const Size own = inside_->device.size();
  return within_reason(own.rows > 0 && own.columns > 0 ? own : inside_->told);
}

void Terminal::set_size(Size size) {
  inside_->told = size;
}

bool Terminal::busy() {
  return !inside_->device.pump();
}

void Terminal::redraw() {
  inside_->fresh = true;
}

void Terminal::show(const Grid& grid) {
  if (busy() || !inside_->device.usable()) return;
  Inside& inside = *inside_;
  inside.select();
  if (inside.drawn != grid.size()) {
    ::resize_term(grid.rows(), grid.columns());
    inside.drawn = grid.size();
    inside.fresh = true;
  }
  if (inside.fresh) ::clearok(::curscr, TRUE);
  inside.fresh = false;
  for (int row = 0; row < grid.rows(); ++row) {
    for (int column = 0; column < grid.columns(); ++column) {
      const Cell& cell = grid.at(row, column);
      if (cell.character != 0) inside.draw(row, column, cell);
    }
  }
  ::wnoutrefresh(::stdscr);
  ::doupdate();
  inside.device.write(inside.take_output());
}

Keys Terminal::keys(KeyDecoder::Clock::time_point now) {
  Inside& inside = *inside_;
  inside.typed.reserve(512);
  if (inside.device.read(inside.typed) == 0) return inside.decoder.rest(now);
  return inside.decoder.take(inside.typed, now);
}

int Terminal::key_delay() const {
  return inside_->decoder.waits() ? static_cast<int>(KeyDecoder::kEscapeDelay.count()) + 1 : -1;
}

}  // namespace mend::screen
