// SPDX-License-Identifier: GPL-3.0-or-later
// Archives inside of the initramfs, made by the programs cpio and zstd.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "init/packed.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"

using namespace mend;
using namespace mend::init;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kLimit = 1 << 20;

void write(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::string text_of(const fs::path& path) {
  const ByteVector bytes = read_file(path, kLimit);
  return std::string(as_text(bytes));
}

// What `shell` lists below the folder "in", as an archive "packed".
struct Fixture {
  test::TempFolder folder;

  std::string path(const std::string& name) const { return folder / name; }
  void pack(const std::string& list = "find . -mindepth 1 | sort | sed 's,^\\./,,'") const {
    const std::string command =
        "cd '" + path("in") + "' && " + list + " | cpio --create --format=newc --quiet >'" + path("cpio") +
        "' && zstd --quiet --force --check '" + path("cpio") + "' -o '" + path("packed") + "'";
    REQUIRE(std::system(command.c_str()) == 0);
  }
  std::string fault() const {
    fs::remove_all(path("out"));
    fs::create_directories(path("out"));
    try {
      unpack(path("packed"), path("out"));
    } catch (const Error& error) {
      return std::string(error.id());
    }
    return "none";
  }
};

bool has_programs() {
  return test::need_program("cpio") && test::need_program("zstd");
}

}  // namespace

TEST_CASE("An archive of cpio and zstd gives its files with their modes, and goes", "[init]") {
  if (!has_programs()) return;
  const Fixture fixture;
  write(fixture.path("in/lib/modules/a.ko"), "four");
  write(fixture.path("in/lib/b"), std::string(100001, 'b'));
  write(fixture.path("in/bin/empty"), "");
  fs::permissions(fixture.path("in/bin/empty"), fs::perms(0755));
  fixture.pack();
  CHECK(fixture.fault() == "none");
  CHECK(text_of(fixture.path("out/lib/modules/a.ko")) == "four");
  CHECK(text_of(fixture.path("out/lib/b")) == std::string(100001, 'b'));
  CHECK(fs::file_size(fixture.path("out/bin/empty")) == 0);
  CHECK(fs::status(fixture.path("out/bin/empty")).permissions() == fs::perms(0755));
  CHECK_FALSE(fs::exists(fixture.path("packed")));
}

TEST_CASE("PK-1: an archive cut at any length, or with any byte changed, gives an error", "[init]") {
  if (!has_programs()) return;
  const Fixture fixture;
  write(fixture.path("in/file"), "some content, and more of it");
  fixture.pack();
  const std::string whole = text_of(fixture.path("packed"));
  for (size_t length = 0; length < whole.size(); ++length) {
    write(fixture.path("packed"), whole.substr(0, length));
    const std::string fault = fixture.fault();
    CHECK((fault == "init.packed.zstd" || fault == "init.packed.size"));
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    write(fixture.path("packed"), changed);
    const std::string fault = fixture.fault();
    // Bits of the frame's head may say the same in other words; then the content is as it was.
    const bool same = fault == "none" && text_of(fixture.path("out/file")) == "some content, and more of it";
    CHECK((fault.starts_with("init.packed.") || same));
  }
}

TEST_CASE("PK-2: a name that leads out of the root is damage", "[init]") {
  if (!has_programs()) return;
  for (const std::string name : {"../out-of-it", "/absolute", "a/../../b"}) {
    const Fixture fixture;
    write(fixture.path("in/../out-of-it"), "x");
    write(fixture.path("b"), "x");
    write(fixture.path("in/c"), "x");
    fs::create_directories(fixture.path("in/a"));
    const std::string given = name == "/absolute" ? fixture.path("in/c") : name;
    fixture.pack("echo '" + given + "'");
    CHECK(fixture.fault() == "init.packed.entry");
    CHECK(fs::is_empty(fixture.path("out")));
  }
}

TEST_CASE("Packed files are unpacked when the first of them is wanted, once", "[init]") {
  if (!has_programs()) return;
  const Fixture fixture;
  write(fixture.path("in/a"), "a");
  fixture.pack();
  fs::create_directories(fixture.path("out"));
  write(fixture.path("out/there"), "x");
  PackedFiles files(fixture.path("packed"), fixture.path("out"));
  files.want(fixture.path("out/there"));
  CHECK_FALSE(fs::exists(fixture.path("out/a")));
  files.want(fixture.path("out/a"));
  CHECK(text_of(fixture.path("out/a")) == "a");
  files.want(
      fixture.path("out/absent"));  // an archive without it: the kernel will say that the file is absent
}
