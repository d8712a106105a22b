// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/brokenpc/judges.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <stdexcept>

#include "tools/brokenpc/fve_crypto.h"

namespace mend::test {
namespace {

std::string find_program(const std::string& name) {
  for (const char* directory : {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/local/bin/"}) {
    std::string path = directory + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

// A file that is gone once it is closed, to hand text to a program without a pipe that could fill up.
int open_with_content(const std::string& content) {
  std::string pattern = std::filesystem::temp_directory_path() / "judge-XXXXXX";
  int fd = ::mkstemp(pattern.data());
  if (fd < 0) throw std::runtime_error("no temporary file");
  ::unlink(pattern.c_str());
  if (::pwrite(fd, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()))
    throw std::runtime_error("no room for a temporary file");
  return fd;
}

}  // namespace

Answer ask(const std::vector<std::string>& command, const std::string& input) {
  constexpr size_t kMostOutput = 16 << 20;
  std::string program = find_program(command[0]);
  if (program.empty()) throw std::runtime_error(command[0] + " is not installed");
  std::vector<std::string> arguments = command;
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  std::array<std::string, 4> variables = {"PATH=/usr/bin:/usr/sbin:/bin:/sbin", "LC_ALL=C.UTF-8", "TZ=UTC",
                                          "HOME=/nonexistent"};
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);

  int in = open_with_content(input);
  int out = open_with_content({});
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, out, 2);
  pid_t child = 0;
  int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, pointers.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + program);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid");

  Answer answer;
  answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  off_t size = ::lseek(out, 0, SEEK_END);
  answer.output.resize(std::min(kMostOutput, static_cast<size_t>(std::max<off_t>(size, 0))));
  ssize_t got = ::pread(out, answer.output.data(), answer.output.size(), 0);
  answer.output.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  ::close(in);
  ::close(out);
  return answer;
}

bool have(const std::string& program, const std::string& package) {
  if (!find_program(program).empty()) return true;
  static std::set<std::string> told;
  if (told.insert(program).second)
    std::cerr << "skipped: what " << program << " would judge; the package " << package << " has it\n";
  return false;
}

Bench::Bench() : directory_(std::filesystem::temp_directory_path() / "brokenpc-test") {}

brokenpc::Options Bench::options(const std::string& name, uint64_t size_bytes) const {
  brokenpc::Options options;
  options.log = brokenpc::Log::kClean;  // most judges want nothing to do with another
  options.output = file(name);
  options.size_bytes = size_bytes;
  options.seed = 20240719;
  options.table = brokenpc::Table::kBare;
  options.encrypt = false;
  return options;
}

std::string Bench::cut_out(const brokenpc::Made& made, const brokenpc::Partition& partition) const {
  std::string path = file("partition-" + partition.role);
  brokenpc::ImageFile::create(path, partition.size_bytes)
      .copy_from(brokenpc::ImageFile::open(made.path), partition.offset, 0, partition.size_bytes);
  return path;
}

ByteVector read_all(const std::string& path) {
  brokenpc::ImageFile file = brokenpc::ImageFile::open(path);
  ByteVector bytes(static_cast<size_t>(file.size_bytes()));
  file.read(0, bytes);
  return bytes;
}

std::string digest(Bytes data) {
  return to_hex(brokenpc::sha256(data));
}

}  // namespace mend::test
