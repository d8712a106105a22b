// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen/device.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace mend::screen {

Device::Device(std::string path) : path_(std::move(path)) {
  own_ = ::open(path_.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (own_ < 0) return;
  in_ = out_ = own_;
  prepare();
}

Device::Device() : in_(STDIN_FILENO), out_(STDOUT_FILENO) {
  prepare();
}

Device::Device(Device&& other) noexcept
    : path_(std::move(other.path_)),
      own_(std::exchange(other.own_, -1)),
      in_(std::exchange(other.in_, -1)),
      out_(std::exchange(other.out_, -1)),
      terminal_(other.terminal_),
      changed_(std::exchange(other.changed_, false)),
      before_(other.before_),
      queue_(std::move(other.queue_)) {}

Device::~Device() {
  if (changed_) ::tcsetattr(own_ < 0 ? STDIN_FILENO : own_, TCSANOW, &before_);
  if (own_ >= 0) ::close(own_);
}

void Device::prepare() {
  terminal_ = ::isatty(out_) == 1;
  if (in_ < 0 || ::tcgetattr(in_, &before_) != 0) return;
  termios raw = before_;
  // No key ends or stops the program: it may be writing to a disk.
  raw.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO | ISIG));
  raw.c_iflag &= static_cast<tcflag_t>(~IXON);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  changed_ = ::tcsetattr(in_, TCSANOW, &raw) == 0;
}

Size Device::size() const {
  winsize size{};
  if (out_ < 0 || ::ioctl(out_, TIOCGWINSZ, &size) != 0) return {};
  return {size.ws_row, size.ws_col};
}

size_t Device::read(std::string& into) {
  pollfd wait{in_, POLLIN, 0};
  if (in_ < 0 || ::poll(&wait, 1, 0) <= 0) return 0;
  char bytes[256];
  const ssize_t count = ::read(in_, bytes, sizeof bytes);
  if (count > 0) {
    into.append(bytes, static_cast<size_t>(count));
    explicit_bzero(bytes, sizeof bytes);  // it may have been a key
    return static_cast<size_t>(count);
  }
  // Its end, or a failure: this terminal types no more.
  if (count == 0 || (errno != EAGAIN && errno != EINTR)) in_ = -1;
  return 0;
}

bool Device::pump() {
  while (out_ >= 0 && !queue_.empty()) {
    // Standard output may be a device that blocks; poll tells whether it would.
    pollfd wait{out_, POLLOUT, 0};
    if (::poll(&wait, 1, 0) <= 0) return false;
    const ssize_t count = ::write(out_, queue_.data(), queue_.size());
    if (count > 0) {
      queue_.erase(0, static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      out_ = -1;
    }
  }
  queue_.clear();
  return true;
}

void Device::write(std::string_view text) {
  if (out_ < 0) return;
  queue_ += text;
  pump();
}

void Device::flush(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!pump()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{out_, POLLOUT, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
  }
  queue_.clear();
}

}  // namespace mend::screen
