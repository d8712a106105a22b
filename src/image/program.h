// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a program of the build host: apt, dpkg-deb, grub-mkimage. No shell in between. Its messages are in
// English; its standard input is empty.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mend::image {

struct Outcome {
  int status = 0;      // exit status; 128 + N when signal N ended it
  std::string output;  // its standard output
  std::string errors;  // its standard error
  // The last lines of what it said in errors, for a message.
  std::string last_words() const;
};

struct RunOptions {
  std::string directory;                           // to run in; empty: this one
  std::map<std::string, std::string> environment;  // on top of ours
  std::function<void()> while_running;             // called some times a second; may be empty. What it
                                                   // throws ends the program
};

// The path of a program of PATH, /usr/sbin or /sbin; empty when there is none.
std::string find_program(const std::string& name);

// Runs it to its end, whatever its exit status. A name with a slash is a path. kNotFound "image.program.none"
// when it is not there, kIo when it cannot be started.
Outcome run_program(const std::vector<std::string>& arguments, const RunOptions& options = {});

// The same, and kIo "image.program.failed" unless the status is 0: "`context`: PROGRAM: last words".
Outcome run_successfully(const std::vector<std::string>& arguments, const std::string& context,
                         const RunOptions& options = {});

}  // namespace mend::image
