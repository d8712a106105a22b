// SPDX-License-Identifier: GPL-3.0-or-later
// How the program that init starts is started, heard and waited for; and the terminals of the machine.
#include <signal.h>
#include <unistd.h>

#include "init/child.h"
#include "init/system.h"
#include "tests/support/catch.h"
#include "tests/unit/init/fake_tree.h"

using namespace mend;
using namespace mend::init;
using namespace std::chrono_literals;
using mend::test::FakeTree;

namespace {

struct Outcome {
  ChildEnd end;
  std::string words;
};

Outcome run(const std::string& script) {
  Child child;
  REQUIRE(child.start({"/bin/sh", "-c", script}) == 0);
  std::optional<ChildEnd> ended;
  for (int i = 0; i < 3000 && !ended; ++i) ended = child.wait(10ms);
  REQUIRE(ended.has_value());
  return {*ended, child.last_words()};
}

}  // namespace

TEST_CASE("A program's exit status, and the signal that killed it", "[init]") {
  CHECK(run("exit 0").end.status == 0);
  CHECK(run("exit 11").end.status == 11);
  CHECK(run("exit 11").end.signal == 0);
  CHECK(run("kill -9 $$").end.signal == SIGKILL);
}

TEST_CASE("A program that is not there shows as status 127", "[init]") {
  Child child;
  REQUIRE(child.start({"/nowhere/mend"}) == 0);
  std::optional<ChildEnd> ended;
  for (int i = 0; i < 3000 && !ended; ++i) ended = child.wait(10ms);
  REQUIRE(ended.has_value());
  CHECK(ended->status == 127);
}

TEST_CASE("CH-1: no input, no open files, and only the environment that is named", "[init]") {
  const int open_file = ::dup(STDERR_FILENO);  // without close-on-exec
  REQUIRE(open_file > STDERR_FILENO);
  const Outcome outcome = run("cat; env | sort | grep -v -e ^_ -e ^PWD; for i in 0 1 2 " +
                              std::to_string(open_file) + "; do [ -e /proc/$$/fd/$i ] && echo $i; done");
  ::close(open_file);
  CHECK(outcome.words == "PATH=/bin\nTERM=linux\n0\n1\n2\n");
}

TEST_CASE("CH-2: of what it says the end is kept, also when it says more than a pipe holds", "[init]") {
  const Outcome outcome = run("head -c 300000 /dev/zero | tr '\\0' x; echo the end 1>&2");
  CHECK(outcome.words.size() == Child::kLastWordsBytes);
  CHECK(outcome.words.substr(outcome.words.size() - 9) == "xthe end\n");
}

TEST_CASE("Waiting ends when the program does, although a process of its own holds its output", "[init]") {
  const Outcome outcome = run("sleep 100 & echo $!; exit 3");
  CHECK(outcome.end.status == 3);
  ::kill(std::stoi(outcome.words), SIGKILL);
}

TEST_CASE("The kernel's consoles: the screen in front is the first one, a serial line is itself", "[init]") {
  const FakeTree tree;
  CHECK(console_devices(tree.roots()) == std::vector<std::string>{tree.roots().dev + "/console"});
  tree.file("sys/class/tty/console/active", "tty0 ttyS0\n");
  CHECK(console_devices(tree.roots()) ==
        std::vector<std::string>{tree.roots().dev + "/tty1", tree.roots().dev + "/ttyS0"});
}

TEST_CASE("A machine that was not started by UEFI has no firmware setup to ask for", "[init]") {
  const FakeTree tree;
  CHECK(request_firmware_setup(tree.roots()).find("not started by UEFI") != std::string::npos);
  CHECK(secure_boot_state(tree.roots()).find("not known") == 0);
}
