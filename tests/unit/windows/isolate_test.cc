// SPDX-License-Identifier: GPL-3.0-or-later
// The child process that reads hives.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "tests/support/catch.h"
#include "windows/isolate.h"

using namespace mend;
using windows::Facts;
using windows::run_isolated;

namespace {

// A memory file to keep.
class Kept {
 public:
  Kept() : fd_(::memfd_create("kept", MFD_CLOEXEC)) {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

TEST_CASE("What the child finds comes back, whatever is in it", "[windows]") {
  const Kept kept;
  const Facts facts = {{"host", "PC"}, {"empty", ""}, {"text", "line\nline \xff ok . no"}};
  const auto result = run_isolated(kept.fd(), [&] { return facts; });
  CHECK(result.done);
  CHECK(result.facts == facts);
}

TEST_CASE("W-3: a child that fails, crashes, hangs or raves costs a reason", "[windows]") {
  const Kept kept;
  SECTION("an error") {
    const auto result = run_isolated(
        kept.fd(), []() -> Facts { throw Error(ErrorCode::kCorrupt, "test.id", "it is damaged"); });
    CHECK(!result.done);
    CHECK(result.why == "it is damaged");
  }
  SECTION("a crash") {
    const auto result = run_isolated(kept.fd(), []() -> Facts {
      ::signal(SIGSEGV, SIG_DFL);
      ::raise(SIGSEGV);
      return {};
    });
    CHECK(!result.done);
    CHECK(result.why == "it crashed its reader (signal 11)");
  }
  SECTION("an early end") {
    const auto result = run_isolated(kept.fd(), []() -> Facts { ::_exit(0); });
    CHECK(!result.done);
    CHECK(result.why == "its reader gave no answer");
  }
  SECTION("a hang") {
    const auto result = run_isolated(
        kept.fd(),
        []() -> Facts {
          while (true) ::pause();
        },
        1);
    CHECK(!result.done);
    CHECK(result.why == "reading it took too long");
  }
  SECTION("too much") {
    const auto result = run_isolated(kept.fd(), []() -> Facts {
      return {{"text", std::string(1 << 20, 'x')}};
    });
    CHECK(!result.done);
    CHECK(result.why == "its reader answered nonsense");
  }
}

TEST_CASE("W-3: the child holds no descriptor but its own two, leaves no core and has limits", "[windows]") {
  const Kept kept, other;  // `other` stands for the disk
  const auto result = run_isolated(kept.fd(), [&]() -> Facts {
    int open = 0;
    for (int fd = 0; fd < 1024; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    rlimit core{}, cpu{};
    ::getrlimit(RLIMIT_CORE, &core);
    ::getrlimit(RLIMIT_CPU, &cpu);
    return {{"open", std::to_string(open)},
            {"kept", std::to_string(::fcntl(kept.fd(), F_GETFD) >= 0)},
            {"other", std::to_string(::fcntl(other.fd(), F_GETFD) >= 0)},
            {"core", std::to_string(core.rlim_cur)},
            {"cpu", std::to_string(cpu.rlim_cur != RLIM_INFINITY)}};
  });
  REQUIRE(result.done);
  CHECK(result.facts == Facts{{"open", "2"}, {"kept", "1"}, {"other", "0"}, {"core", "0"}, {"cpu", "1"}});
}
