// SPDX-License-Identifier: GPL-3.0-or-later
// How a test says that it cannot run. It prints "SKIP: why", which tools/check lists at its end, and returns.
// For want of a program the skip is a failure where the variable CI is "true": tools/packages lists every
// program that the tests call. Data beside the work tree (../shared/data) may be absent anywhere.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>

#include "tests/support/catch.h"

namespace mend::test {

inline bool have_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path ? path : "") + ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty() && ::access(folder.append("/").append(name).c_str(), X_OK) == 0) return true;
  return false;
}

inline void print_skip(const std::string& why) {
  std::cout << "SKIP: " << why << std::endl;
}

// True when the test may go on; otherwise it has said why and the caller returns.
inline bool need_program(const std::string& name) {
  if (have_program(name)) return true;
  const char* ci = std::getenv("CI");
  if (ci && std::string(ci) == "true") FAIL("the program " << name << " is missing; see tools/packages");
  print_skip("the program " + name + " is missing");
  return false;
}

// As need_program, for a path under the source tree's parent. Never a failure.
inline bool need_data(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) return true;
  print_skip("no data at " + path.string());
  return false;
}

}  // namespace mend::test
