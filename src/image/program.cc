// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace mend::image {
namespace {

constexpr int kTickMilliseconds = 250;
constexpr size_t kMostOutput = size_t{64} * 1024 * 1024;
constexpr size_t kMostWords = 600;

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw_errno("image.program.pipe", "cannot make a pipe", errno);
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_end(size_t which) {
    if (ends_[which] >= 0) ::close(ends_[which]);
    ends_[which] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

std::vector<std::string> environment_of(const RunOptions& options) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equal = text.find('=');
    if (equal != std::string_view::npos) all.emplace(text.substr(0, equal), text.substr(equal + 1));
  }
  all["LC_ALL"] = "C";
  for (const auto& [name, value] : options.environment) all[name] = value;
  std::vector<std::string> texts;
  texts.reserve(all.size());
  for (const auto& [name, value] : all) texts.emplace_back(name).append("=").append(value);
  return texts;
}

std::vector<char*> to_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t start(const std::string& path, std::vector<std::string> arguments, const RunOptions& options,
            const Pipe& output, const Pipe& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.writer(), 1);
  posix_spawn_file_actions_adddup2(&actions, errors.writer(), 2);
  if (!options.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  std::vector<std::string> environment = environment_of(options);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, path.c_str(), &actions, nullptr, to_pointers(arguments).data(),
                                  to_pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw_errno("image.program.start", "cannot start " + path, error);
  return child;
}

// What is there to read, into `text`; false at the end.
bool receive(int descriptor, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) return false;
  if (text.size() < kMostOutput) text.append(buffer.data(), static_cast<size_t>(got));
  return true;
}

void collect(Pipe& output, Pipe& errors, const RunOptions& options, Outcome& outcome) {
  std::array<pollfd, 2> wait{{{output.reader(), POLLIN, 0}, {errors.reader(), POLLIN, 0}}};
  while (wait[0].fd >= 0 || wait[1].fd >= 0) {
    const int ready = ::poll(wait.data(), wait.size(), kTickMilliseconds);
    if (options.while_running) options.while_running();
    if (ready <= 0) continue;
    if (wait[0].fd >= 0 && wait[0].revents != 0 && !receive(wait[0].fd, outcome.output)) wait[0].fd = -1;
    if (wait[1].fd >= 0 && wait[1].revents != 0 && !receive(wait[1].fd, outcome.errors)) wait[1].fd = -1;
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::string Outcome::last_words() const {
  std::string_view text = trim_ascii(errors.empty() ? output : errors);
  if (text.size() > kMostWords) {
    text = text.substr(text.size() - kMostWords);
    text.remove_prefix(std::min(text.find('\n') + 1, text.size()));
  }
  std::string line;
  for (const char c : text) line += c == '\n' ? std::string("; ") : std::string(1, c);
  return printable(line);
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  const std::string folders = std::string(path != nullptr ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin:";
  for (size_t start = 0; start < folders.size();) {
    const size_t end = folders.find(':', start);
    std::string candidate = folders.substr(start, end - start) + "/" + name;
    if (end != start && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    start = end + 1;
  }
  return {};
}

Outcome run_program(const std::vector<std::string>& arguments, const RunOptions& options) {
  const std::string& name = arguments.at(0);
  const std::string path = name.find('/') != std::string::npos ? name : find_program(name);
  if (path.empty())
    throw Error(ErrorCode::kNotFound, "image.program.none",
                "the program " + name + " is missing on this machine; install the package that has it");
  Pipe output, errors;
  const pid_t child = start(path, arguments, options, output, errors);
  output.close_end(1);
  errors.close_end(1);
  Outcome outcome;
  try {
    collect(output, errors, options, outcome);
  } catch (...) {
    ::kill(child, SIGKILL);
    wait_for(child);
    throw;
  }
  outcome.status = wait_for(child);
  return outcome;
}

Outcome run_successfully(const std::vector<std::string>& arguments, const std::string& context,
                         const RunOptions& options) {
  Outcome outcome = run_program(arguments, options);
  if (outcome.status != 0)
    throw Error(ErrorCode::kIo, "image.program.failed",
                context + ": " + arguments.at(0) + " ended with " + std::to_string(outcome.status) + ": " +
                    outcome.last_words());
  return outcome;
}

}  // namespace mend::image
