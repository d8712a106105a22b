// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/screens.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "console/font.h"
#include "console/layouts.h"
#include "console/pages.h"
#include "console/texts.h"

namespace mend::console {
namespace {

using screen::Charset;
using screen::Device;
using screen::Key;
using screen::KeyCode;
using screen::Terminal;
using std::chrono::milliseconds;

// "/dev/tty1", not "/dev/ttyS0": one of the kernel's own screens.
bool is_virtual_console(std::string_view path) {
  constexpr std::string_view kStart = "/dev/tty";
  return path.starts_with(kStart) && path.size() > kStart.size() && path[kStart.size()] >= '0' &&
         path[kStart.size()] <= '9';
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// As the C library chooses: the first that is set.
Charset charset_of_environment() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = lower_ascii(variable(name));
    if (value.empty()) continue;
    const bool utf8 = value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    return utf8 ? Charset::kUnicode : Charset::kAscii;
  }
  return Charset::kAscii;
}

// Asks a terminal at the other end of a line: how wide is a character of two bytes to it, and where is its
// cursor when that was sent to the far corner? Then cleans up.
constexpr std::string_view kProbe = "\r\303\251\033[6n\r\033[K\0337\033[999;999H\033[6n\0338";
constexpr int kReports = 2;
constexpr std::chrono::seconds kProbePause{5};
constexpr milliseconds kPatience{200};

}  // namespace

struct Screens::Line {
  std::optional<Plain> plain;  // one of the two
  std::unique_ptr<Terminal> full;
  Charset charset = Charset::kUnicode;
  screen::Size fitted;     // the size for which the font was chosen
  bool probes = false;     // a serial line that may become a full screen
  bool probe_due = false;  // somebody typed, too soon after the last probe
  Clock::time_point probed{};
  std::vector<screen::Size> reports;
  std::string why;  // it shows lines of text although it need not

  Device& device() { return full ? full->device() : plain->device(); }
  void probe(Clock::time_point now) {
    if (!probes) return;
    probe_due = now - probed < kProbePause;
    if (probe_due) return;
    probed = now;
    reports.clear();
    device().write(kProbe);
    device().flush(kPatience);
  }
  // A driver of the graphics that comes late brings another screen, with a font of its own.
  void fit_font() {
    if (!is_virtual_console(device().path()) || full->size() == fitted) return;
    enlarge_font(device().output());
    fitted = full->size();
  }
  // True when the key was the terminal's answer.
  bool take_report(const Key& key) {
    if (key.code != KeyCode::kCursorReport) return false;
    if (probes) reports.push_back(key.cursor);
    return true;
  }
};

Screens::Screens(const ScreenOptions& options) {
  // The kernel's own screen first: the description of "linux" is taken from the environment, and after that
  // the environment stays as it is, since a run reads it on its own thread.
  std::vector<std::string> paths = options.devices;
  std::stable_partition(paths.begin(), paths.end(),
                        [](const std::string& path) { return is_virtual_console(path); });
  std::vector<Device> devices;
  for (const std::string& path : paths) {
    Device device(path);
    if (device.usable()) devices.push_back(std::move(device));
  }
  if (devices.empty()) devices.emplace_back();
  for (Device& device : devices) {
    if (!options.plain) {
      open(std::move(device));
      continue;
    }
    auto line = std::make_unique<Line>();
    line->plain.emplace(screen::Lines(std::move(device)));
    lines_.push_back(std::move(line));
  }
}

Screens::~Screens() = default;

void Screens::open(Device device) {
  auto line = std::make_unique<Line>();
  const bool own = device.path().empty();
  if (is_virtual_console(device.path())) {
    lock_numbers(device.output());
    line->full = Terminal::open(device, "linux", Charset::kUnicode);
  } else if (own) {
    const std::string type = variable("TERM");
    line->charset = charset_of_environment();
    line->full = Terminal::open(device, type, line->charset);
    if (!line->full)
      line->why = device.is_terminal() ? fmt::format(texts::kPlainType, printable(type))
                                       : std::string(texts::kPlainNoTerminal);
  } else {
    line->probes = device.is_terminal();
  }
  if (!line->full) line->plain.emplace(screen::Lines(std::move(device)));
  lines_.push_back(std::move(line));
}

void Screens::begin(const Model& model) {
  for (const auto& line : lines_) {
    if (line->plain) line->plain->begin(model);
    if (!line->why.empty()) line->plain->say(line->why);
    line->probe(Clock::now());
  }
}

// A terminal has answered: it is shown a full screen from now on.
void Screens::make_full(Line& line) {
  line.charset = line.reports[0].columns == 2 ? Charset::kUnicode : Charset::kAscii;
  const screen::Size size = line.reports[1];
  line.reports.clear();
  Device device = std::move(line.plain->device());
  line.full = Terminal::open(device, "vt220", line.charset);
  if (!line.full) {
    line.plain.emplace(screen::Lines(std::move(device)));
    line.probes = false;
    return;
  }
  line.plain.reset();
  line.probe_due = false;
  line.full->set_size(size);
}

void Screens::show(const Model& model) {
  hidden_rows_ = 0;
  for (const auto& line : lines_) {
    if (line->plain) {
      line->plain->show(model);
      continue;
    }
    if (line->full->busy()) continue;
    line->fit_font();
    const Drawn drawn = draw(model, line->full->size(), line->charset);
    hidden_rows_ = std::max(hidden_rows_, drawn.hidden_rows);
    line->full->show(drawn.grid);
  }
}

screen::Keys Screens::wait(int wake, milliseconds timeout, const Model& model) {
  std::vector<pollfd> waits = {{wake, POLLIN, 0}};
  int patience = static_cast<int>(timeout.count());
  for (const auto& line : lines_) {
    const bool busy = line->full && line->full->busy();
    waits.push_back({line->device().input(), POLLIN, 0});
    if (busy) waits.push_back({line->device().output(), POLLOUT, 0});
    if (line->full && line->full->key_delay() >= 0) patience = std::min(patience, line->full->key_delay());
  }
  ::poll(waits.data(), waits.size(), patience);
  screen::Keys keys;
  const Clock::time_point now = Clock::now();
  for (const auto& line : lines_) {
    const screen::Keys typed = line->full ? line->full->keys(now) : line->plain->keys(now);
    for (const Key& key : typed) {
      if (line->take_report(key)) continue;
      if (key.code == KeyCode::kRedraw) {
        if (line->full) line->full->redraw();
        line->probed = {};
        line->probe(now);
        continue;
      }
      if (line->plain) line->probe_due = true;
      keys.push_back(line->plain ? Plain::translated(key, model) : key);
    }
    if (line->probe_due) line->probe(now);
    if (line->plain && static_cast<int>(line->reports.size()) >= kReports) make_full(*line);
    if (line->full && static_cast<int>(line->reports.size()) >= kReports) {
      line->full->set_size(line->reports[1]);
      line->full->redraw();
      line->reports.clear();
    }
  }
  return keys;
}

void Screens::forget_keys() {
  const Clock::time_point now = Clock::now();
  for (const auto& line : lines_) {
    while (!(line->full ? line->full->keys(now) : line->plain->keys(now)).empty()) continue;
  }
}

void Screens::set_layout(int layout) {
  for (const auto& line : lines_) {
    if (is_virtual_console(line->device().path())) console::set_layout(line->device().output(), layout);
  }
}

}  // namespace mend::console
