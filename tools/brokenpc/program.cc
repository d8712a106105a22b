// SPDX-License-Identifier: GPL-3.0-or-later
#include "tools/brokenpc/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace mend::brokenpc {
namespace {

// Debian keeps mkfs programs where a user's PATH does not look.
std::string search_path() {
  const char* path = std::getenv("PATH");
  return std::string(path == nullptr ? "/usr/bin:/bin" : path) + ":/usr/sbin:/sbin";
}

std::string find_program(const std::string& name, const std::string& package) {
  std::string path = search_path();
  for (size_t start = 0; start <= path.size();) {
    size_t end = std::min(path.find(':', start), path.size());
    std::string candidate = path.substr(start, end - start) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    start = end + 1;
  }
  throw Error(ErrorCode::kNotFound, "brokenpc.program.missing",
              name + " is not installed; the package " + package + " has it");
}

std::vector<char*> to_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<size_t>(got));
  }
}

}  // namespace

void run_program(const std::vector<std::string>& command, const std::string& package,
                 const std::vector<std::string>& environment) {
  std::string program = find_program(command[0], package);
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = environment;
  variables.push_back("PATH=" + search_path());
  variables.push_back("LC_ALL=C.UTF-8");
  variables.push_back("TZ=UTC");

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("brokenpc.program.pipe", program, errno);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  pid_t child = 0;
  int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, to_pointers(arguments).data(),
                            to_pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string output = error == 0 ? read_all(ends[0]) : std::string();
  ::close(ends[0]);
  if (error != 0) throw_errno("brokenpc.program.spawn", program, error);

  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw_errno("brokenpc.program.wait", program, errno);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    if (output.size() > 1000) output.erase(0, output.size() - 1000);
    throw Error(ErrorCode::kIo, "brokenpc.program.failed",
                program + " failed: " + printable(trim_ascii(output)));
  }
}

}  // namespace mend::brokenpc
