// SPDX-License-Identifier: GPL-3.0-or-later
#include "windows/isolate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace mend::windows {
namespace {

constexpr rlim_t kCpuSeconds = 60;
[[maybe_unused]] constexpr rlim_t kDataBytes = 512 * 1024 * 1024;  // on top of what this program holds itself
constexpr size_t kMostReply = 64 * 1024;

// The reply is texts, each ended by a NUL: "ok", then keys and values; or "no" and the reason; and "." to
// show that nothing is missing.
std::string encode(const Facts& facts) {
  std::string reply("ok\0", 3);
  for (const auto& [key, value] : facts) reply.append(key).append(1, '\0').append(value).append(1, '\0');
  return reply.append(".\0", 2);
}

std::optional<std::vector<std::string>> decode(const std::string& reply) {
  std::vector<std::string> texts;
  for (size_t at = 0; at < reply.size();) {
    const size_t end = reply.find('\0', at);
    if (end == std::string::npos) return std::nullopt;
    texts.push_back(reply.substr(at, end - at));
    at = end + 1;
  }
  if (texts.size() < 2 || texts.back() != ".") return std::nullopt;
  texts.pop_back();
  return texts;
}

void close_range_of(unsigned first, unsigned last) {
  if (first > last || ::close_range(first, last, 0) == 0) return;
  for (unsigned fd = first; fd <= std::min(last, 65535U); ++fd)
    ::close(static_cast<int>(fd));  // before Linux 5.9
}

void close_all_but(unsigned a, unsigned b) {
  const auto [low, high] = std::minmax(a, b);
  if (low > 0) close_range_of(0, low - 1);
  close_range_of(low + 1, high - 1);
  close_range_of(high + 1, ~0U);
}

void limit(decltype(RLIMIT_CPU) what, rlim_t value) {
  const rlimit both{value, value};
  ::setrlimit(what, &both);
}

void restrict_child(int keep_descriptor, int pipe) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0);
  ::signal(SIGINT, SIG_IGN);  // the parent decides what Ctrl-C means
  ::signal(SIGPIPE, SIG_DFL);
  close_all_but(static_cast<unsigned>(keep_descriptor), static_cast<unsigned>(pipe));
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, kCpuSeconds);
#if !defined(__SANITIZE_ADDRESS__)  // whose shadow counts as data
  limit(RLIMIT_DATA, kDataBytes);
#endif
}

[[noreturn]] void run_child(int keep_descriptor, int pipe, const std::function<Facts()>& work) {
  restrict_child(keep_descriptor, pipe);
  std::string reply;
  try {
    reply = encode(work());
  } catch (const std::exception& error) {
    reply = std::string("no\0", 3) + error.what() + std::string("\0.\0", 3);
  }
  for (size_t done = 0; done < reply.size();) {
    const ssize_t put = ::write(pipe, reply.data() + done, reply.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) break;
    done += static_cast<size_t>(put);
  }
  ::_exit(0);
}

struct Reply {
  std::string text;
  bool too_late = false;
  bool too_much = false;
};

// All that the child sends, until it closes the pipe, sends too much, or time is up.
Reply receive(int pipe, uint64_t patience_seconds) {
  Reply reply;
  const uint64_t deadline = monotonic_ns() + patience_seconds * 1'000'000'000;
  char buffer[4096];
  while (true) {
    const uint64_t time = monotonic_ns();
    reply.too_late = time >= deadline;
    reply.too_much = reply.text.size() > kMostReply;
    if (reply.too_late || reply.too_much) return reply;
    pollfd wait{pipe, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>((deadline - time) / 1'000'000 + 1));
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t got = ready < 0 ? -1 : ::read(pipe, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return reply;
    reply.text.append(buffer, static_cast<size_t>(got));
  }
}

std::string reason_of(const Reply& reply, int status) {
  if (reply.too_much) return "its reader answered nonsense";
  if (reply.too_late || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
    return "reading it took too long";
  if (WIFSIGNALED(status)) return fmt::format("it crashed its reader (signal {})", WTERMSIG(status));
  return "its reader gave no answer";
}

}  // namespace

Isolated run_isolated(int keep_descriptor, const std::function<Facts()>& work, unsigned patience_seconds) {
  Isolated result;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("windows.isolate.pipe", "cannot make a pipe", errno);
  const pid_t child = ::fork();
  if (child == 0) run_child(keep_descriptor, ends[1], work);
  const int fork_error = errno;
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    throw_errno("windows.isolate.fork", "cannot start a process to read a hive", fork_error);
  }
  const Reply reply = receive(ends[0], patience_seconds);
  ::close(ends[0]);
  const bool stopped = reply.too_late || reply.too_much;
  if (stopped) ::kill(child, SIGKILL);
  const auto texts = stopped ? std::nullopt : decode(reply.text);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!texts) {
    result.why = reason_of(reply, status);
  } else if (texts->front() != "ok") {
    result.why = texts->at(1);
  } else {
    result.done = true;
    for (size_t i = 1; i + 1 < texts->size(); i += 2) result.facts[texts->at(i)] = texts->at(i + 1);
  }
  return result;
}

}  // namespace mend::windows
