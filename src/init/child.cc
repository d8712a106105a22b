// SPDX-License-Identifier: GPL-3.0-or-later
#include "init/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mend::init {
namespace {

constexpr int kNotExecuted = 127;
constexpr std::chrono::milliseconds kMoment(10);
constexpr size_t kPieceBytes = 4096;

// Between fork and exec, so only calls that need nothing of this process.
[[noreturn]] void become(const std::vector<char*>& arguments, int output) {
  static const std::array<const char*, 3> kEnvironment = {"PATH=/bin", "TERM=linux", nullptr};
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  ::execve(arguments[0], arguments.data(), const_cast<char* const*>(kEnvironment.data()));
  ::_exit(kNotExecuted);
}

}  // namespace

Child::~Child() {
  close_pipe();
}

void Child::close_pipe() {
  if (pipe_ >= 0) ::close(pipe_);
  pipe_ = -1;
}

int Child::start(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  last_words_.reserve(kLastWordsBytes + kPieceBytes);
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) become(pointers, ends[1]);
  const int error = pid_ < 0 ? errno : 0;
  ::close(ends[1]);
  close_pipe();
  pipe_ = ends[0];
  if (error != 0) close_pipe();
  return error;
}

bool Child::listen(std::chrono::milliseconds timeout) {
  pollfd waiting{pipe_, POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(timeout.count())) <= 0) return false;
  std::array<char, kPieceBytes> piece{};
  const ssize_t count = ::read(pipe_, piece.data(), piece.size());
  if (count <= 0) {
    if (count == 0 || errno != EINTR) close_pipe();
    return false;
  }
  last_words_.append(piece.data(), static_cast<size_t>(count));
  if (last_words_.size() > kLastWordsBytes) last_words_.erase(0, last_words_.size() - kLastWordsBytes);
  return true;
}

std::optional<ChildEnd> Child::wait(std::chrono::milliseconds timeout) noexcept {
  if (pipe_ >= 0) {
    listen(timeout);
  } else {
    // The pipe closes an instant before the program has ended.
    ::poll(nullptr, 0, static_cast<int>(std::min(timeout, kMoment).count()));
  }
  int status = 0;
  const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  while (pipe_ >= 0 && listen(std::chrono::milliseconds(0))) continue;  // a grandchild may hold it open
  pid_ = -1;
  if (ended < 0) return ChildEnd{kNotExecuted, 0};
  if (WIFSIGNALED(status)) return ChildEnd{0, WTERMSIG(status)};
  return ChildEnd{WEXITSTATUS(status), 0};
}

}  // namespace mend::init
