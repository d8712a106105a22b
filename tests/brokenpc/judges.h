// SPDX-License-Identifier: GPL-3.0-or-later
// Programs that are not ours, asked what they think of an image. A program that is not installed is a skip
// with its reason on stderr.
#pragma once

#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tools/brokenpc/brokenpc.h"
#include "tools/brokenpc/image_file.h"

namespace mend::test {

struct Answer {
  int status = -1;     // exit status; 128 + signal where one ended it
  std::string output;  // both streams, at most 16 MiB
};

// Runs a program with `input` as its standard input. Nothing goes through a shell.
Answer ask(const std::vector<std::string>& command, const std::string& input = {});
// True when the program is installed; says on stderr what is skipped otherwise.
bool have(const std::string& program, const std::string& package);

// A directory for the images of one test, with room where the system keeps temporary files.
class Bench {
 public:
  Bench();
  std::string file(const std::string& name) const { return directory_.file(name); }
  // Small, plain, bare, of a fixed seed: what a test changes from there.
  brokenpc::Options options(const std::string& name, uint64_t size_bytes) const;
  // A partition as a file of its own.
  std::string cut_out(const brokenpc::Made& made, const brokenpc::Partition& partition) const;

 private:
  brokenpc::TemporaryDirectory directory_;
};

// The matcher of a part of a text, which Catch2 3 renamed.
inline auto contains(const std::string& part) {
#ifdef MEND_CATCH2_V3
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

ByteVector read_all(const std::string& path);
std::string digest(Bytes data);

}  // namespace mend::test
