// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/cpio.h"

#include <functional>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "image/files.h"
#include "image/program.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"

namespace mend::image {
namespace {

ByteVector bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

CpioArchive sample() {
  CpioArchive archive;
  archive.add_file("lib/modules/6.1/a.ko", bytes_of("module"), 0644);
  archive.add_file("init", bytes_of("program"), 0755);
  archive.add_directory("tmp", 01777);
  archive.add_file("lib-x", {}, 0600);
  archive.add_file("bin/mend", ByteVector(5001, 0x5A), 0755);
  return archive;
}

std::string id_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.id();
  }
  return "none";
}

TEST_CASE("CP-2: cpio lists and unpacks the archive, each directory before what lies in it", "[image]") {
  if (!mend::test::need_program("cpio")) return;
  const mend::test::TempFolder folder;
  write_file(folder / "archive", sample().bytes());
  const Outcome listed = run_successfully(
      {"cpio", "--list", "--verbose", "--numeric-uid-gid", "--file", folder / "archive"}, "");
  std::vector<std::string> kinds, names;
  std::istringstream lines(listed.output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mode, links, user, group;
    words >> mode >> links >> user >> group;
    CHECK(user == "0");
    CHECK(group == "0");
    CHECK(line.find("1970") != std::string::npos);
    kinds.push_back(mode);
    names.push_back(line.substr(line.rfind(' ') + 1));
  }
  CHECK(names == std::vector<std::string>{"bin", "bin/mend", "init", "lib", "lib-x", "lib/modules",
                                          "lib/modules/6.1", "lib/modules/6.1/a.ko", "tmp"});
  CHECK(kinds == std::vector<std::string>{"drwxr-xr-x", "-rwxr-xr-x", "-rwxr-xr-x", "drwxr-xr-x",
                                          "-rw-------", "drwxr-xr-x", "drwxr-xr-x", "-rw-r--r--",
                                          "drwxrwxrwt"});

  RunOptions inside;
  inside.directory = folder / "out";
  make_folders(inside.directory);
  run_successfully(
      {"cpio", "--extract", "--no-absolute-filenames", "--no-preserve-owner", "--file", folder / "archive"},
      "", inside);
  CHECK(read_file(inside.directory + "/bin/mend", 10000) == ByteVector(5001, 0x5A));
  CHECK(read_file(inside.directory + "/lib/modules/6.1/a.ko", 100) == bytes_of("module"));
  CHECK(read_file(inside.directory + "/lib-x", 100).empty());
}

TEST_CASE("CP-1: the order of the calls does not show in an archive", "[image]") {
  CpioArchive other;
  other.add_file("bin/mend", ByteVector(5001, 0x5A), 0755);
  other.add_file("lib-x", {}, 0600);
  other.add_directory("tmp", 01777);
  other.add_file("init", bytes_of("program"), 0755);
  other.add_file("lib/modules/6.1/a.ko", bytes_of("module"), 0644);
  CHECK(other.bytes() == sample().bytes());
  CHECK(sample().bytes().size() % 512 == 0);
  other.add_directory("x");
  CHECK(other.bytes() != sample().bytes());
}

TEST_CASE("A name that would leave the archive's root or hide another is refused", "[image]") {
  CpioArchive archive;
  for (const char* name : {"", "/init", "a//b", "a/", ".", "a/../b", "./a", "TRAILER!!!"})
    CHECK(id_of([&] { archive.add_file(name, {}, 0644); }) == "image.cpio.name");
  CHECK(id_of([&] { archive.add_file(std::string("a\0b", 3), {}, 0644); }) == "image.cpio.name");
  archive.add_file("..a/.b", {}, 0644);
  CHECK(id_of([&] { archive.add_directory("..a/.b"); }) == "image.cpio.twice");
}

}  // namespace
}  // namespace mend::image
