// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/program.h"

#include <sys/resource.h>

#include <csignal>
#include <functional>
#include <stdexcept>

#include "base/clock.h"
#include "base/error.h"
#include "image/files.h"
#include "tests/support/catch.h"
#include "tests/unit/image/support.h"

namespace mend::image {
namespace {

using test::fault_of;
TEST_CASE("A program's output, errors and status come back, with more of each than a pipe holds", "[image]") {
  const Outcome outcome =
      run_program({"sh", "-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 3"});
  CHECK(outcome.status == 3);
  CHECK(outcome.output.size() == 300000);
  CHECK(outcome.errors.size() == 300000);
  CHECK(run_program({"sh", "-c", "kill -KILL $$"}).status == 128 + 9);
}

TEST_CASE("A program gets its arguments as they are, no input, its folder and its environment", "[image]") {
  const mend::test::TempFolder folder;
  RunOptions options;
  options.directory = folder.path().string();
  options.environment["MEND_TEST"] = "a b";
  const Outcome outcome = run_program(
      {"sh", "-c", "pwd; printf '%s|' \"$MEND_TEST\" \"$LC_ALL\" \"$@\"; cat", "sh", "$x; 'y'", ""}, options);
  CHECK(outcome.output == std::filesystem::canonical(folder.path()).string() + "\na b|C|$x; 'y'||");
}

TEST_CASE("A program that is missing or fails is named with what it said", "[image]") {
  CHECK(fault_of([] {
          run_program({"no-such-program"});
        }).starts_with("image.program.none: the program no-such-program"));
  CHECK(fault_of([] { run_program({"/no/such/program"}); }).starts_with("image.program.start: "));
  const std::string fault = fault_of([] {
    run_successfully({"sh", "-c", "echo one >&2; echo 'two\033[2J' >&2; exit 7"}, "doing this");
  });
  CHECK(fault == "image.program.failed: doing this: sh ended with 7: one; two\\u{1b}[2J");
  CHECK(run_program({"sh", "-c", "seq 1000 >&2"}).last_words().ends_with("999; 1000"));
  CHECK(run_program({"sh", "-c", "seq 1000 >&2"}).last_words().size() < 1000);
}

TEST_CASE("What is called meanwhile can end the program", "[image]") {
  RunOptions options;
  int calls = 0;
  options.while_running = [&] {
    if (++calls == 2) throw std::runtime_error("enough");
  };
  const uint64_t start = monotonic_ns();
  CHECK_THROWS_AS(run_program({"sleep", "60"}, options), std::runtime_error);
  CHECK(monotonic_ns() - start < uint64_t{30} * 1'000'000'000);
}

TEST_CASE("A file is written whole or not at all", "[image]") {
  const mend::test::TempFolder folder;
  write_file(folder / "a", as_bytes("one"));
  write_file(folder / "a", as_bytes("2"));
  CHECK(test::read_text(folder / "a") == "2");
  CHECK(to_hex(hash_file(folder / "a")) == to_hex(crypto::sha256(as_bytes("2"))));
  const ByteVector large(5000);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string fault = fault_of([&] { write_file(folder / "large", large); });
  ::setrlimit(RLIMIT_FSIZE, &limit);
  ::signal(SIGXFSZ, handler);
  CHECK(fault.starts_with("image.files.write: cannot write " + (folder / "large") + " (5000 bytes)"));
  CHECK_FALSE(std::filesystem::exists(folder / "large"));
  CHECK(fault_of([&] { write_file(folder / "none/a", {}); }).starts_with("image.files.create: "));
  CHECK(fault_of([&] { hash_file(folder / "b"); }).starts_with("image.files.open: "));
  CHECK(fault_of([&] { make_folders(folder / "a/b"); }).starts_with("image.files.folder: "));
  std::filesystem::create_symlink("/etc", folder.path() / "link");
  make_folders(folder / "c/d");
  write_file(folder / "c/d/e", {});
  CHECK(files_below(folder.path()) == std::vector<std::string>{"a", "c/d/e"});
  std::string scratch_path;
  {
    const Scratch scratch(folder.path().string());
    scratch_path = scratch.path();
    write_file(scratch / "x", {});
  }
  CHECK_FALSE(std::filesystem::exists(scratch_path));
}

}  // namespace
}  // namespace mend::image
