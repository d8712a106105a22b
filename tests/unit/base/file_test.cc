// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "tests/support/catch.h"

namespace mend {
namespace {

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "mend-file-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, size_t size) const {
    std::string file = (path / name).string();
    std::ofstream(file, std::ios::binary) << std::string(size, 'm');
    return file;
  }
  std::filesystem::path path;
};

const char* error_id(const std::string& path, uint64_t limit) {
  try {
    read_file(path, limit);
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find(path) != std::string::npos);
    return error.id();
  }
  return "none";
}

TEST_CASE("FI-1: a file is read whole up to the limit, and refused beyond it", "[base]") {
  const Folder folder;
  for (size_t size : {0u, 1u, 999u, 1000u}) {
    const std::string file = folder.write("file", size);
    CHECK(read_file(file, 1000).size() == size);
    CHECK(read_secret_file(file, 1000).text() == std::string(size, 'm'));
  }
  CHECK(error_id(folder.write("file", 1001), 1000) == std::string("base.file.size"));
  CHECK(read_file(folder.write("file", 300000), 300000).size() == 300000);
}

TEST_CASE("FI-1: a pipe is read to its end, and no further than the limit", "[base]") {
  const Folder folder;
  const std::string pipe = (folder.path / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (size_t size : {0u, 5u, 65536u, 200000u}) {
    std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << std::string(size, 'm'); });
    CHECK(read_file(pipe, 200000).size() == size);
    writer.join();
  }
  CHECK(error_id("/dev/zero", 200000) == std::string("base.file.size"));
  CHECK(error_id("/dev/zero", 10) == std::string("base.file.size"));
}

TEST_CASE("FI-2: a secret file is its owner's alone, and replaced as a whole", "[base]") {
  const Folder folder;
  const std::string file = folder.write("keys.csv", 1000);
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  write_secret_file(file, as_bytes("new"));
  CHECK(read_secret_file(file, 10).text() == "new");
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);

  // What cannot be put there leaves what is there, and nothing beside it.
  std::filesystem::create_directory(folder.path / "taken");
  CHECK_THROWS_AS(write_secret_file((folder.path / "taken").string(), as_bytes("new")), Error);
  CHECK_THROWS_AS(write_secret_file((folder.path / "absent" / "file").string(), as_bytes("new")), Error);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 2);
}

TEST_CASE("what cannot be read as a file says so with its path", "[base]") {
  const Folder folder;
  CHECK(error_id((folder.path / "absent").string(), 10) == std::string("base.file.open"));
  CHECK(error_id(folder.path.string(), 10) == std::string("base.file.directory"));
  CHECK(error_id("/proc/self/mem", 10) == std::string("base.file.read"));
}

}  // namespace
}  // namespace mend
