// SPDX-License-Identifier: GPL-3.0-or-later
// One program that init starts and waits for: `mend console`. Its output, which is only an error that it
// could not show on its screens, is kept for the case that it fails.
//
// Invariants
//   CH-1  The program gets no terminal, no input and no descriptor but its own output; of the environment
//   only
//         what start() names.
//   CH-2  At most kLastWordsBytes of its output are held, the last ones.
// Owns the pipe; not the program, which goes on when the Child goes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace mend::init {

struct ChildEnd {
  int status = 0;  // of its exit
  int signal = 0;  // that killed it; 0: it exited
};

class Child {
 public:
  static constexpr size_t kLastWordsBytes = 2048;

  Child() = default;
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The first of `arguments` is the program's path. 0 or the errno value. A program that cannot be executed
  // shows as exit status 127.
  int start(const std::vector<std::string>& arguments);
  // Reads what it says, for at most `timeout`; how it ended, once it has.
  std::optional<ChildEnd> wait(std::chrono::milliseconds timeout) noexcept;
  const std::string& last_words() const { return last_words_; }

 private:
  bool listen(std::chrono::milliseconds timeout);  // true when it said something
  void close_pipe();

  pid_t pid_ = -1;
  int pipe_ = -1;
  std::string last_words_;  // its room is reserved before the program starts
};

}  // namespace mend::init
