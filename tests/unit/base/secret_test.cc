// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/secret.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"

namespace mend {
// What the operator delete at the end of this file watches.
static const void* watched = nullptr;
static size_t watched_bytes = 0;
static bool watched_was_zero = false;

namespace {

// The address sanitizer leaves mlock out and holds freed memory back.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
constexpr bool kAddressSanitizer = false;
#endif

// A number of kilobytes from /proc/self/status, such as "VmLck" or "VmSize".
size_t status_kib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(field + ":", 0) == 0) return std::stoul(line.substr(field.size() + 1));
  }
  FAIL("no " << field << " in /proc/self/status");
  return 0;
}

// The VmFlags line of the mapping that holds `address`.
std::string mapping_flags(const void* address) {
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t from = 0, to = 0;
    char dash = 0;
    std::istringstream range(line);
    if (line.find('-') != std::string::npos && range >> std::hex >> from >> dash >> to && dash == '-') {
      inside = from <= wanted && wanted < to;
    } else if (inside && line.rfind("VmFlags:", 0) == 0) {
      return line + " ";
    }
  }
  return {};
}

bool may_lock(size_t bytes) {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  return limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= bytes + status_kib("VmLck") * 1024;
}

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);

TEST_CASE("a secret holds what it was given, at every size around its slots and pages", "[base]") {
  for (size_t size :
       {1u, 15u, 16u, 17u, 32u, 33u, 64u, 65u, 128u, 255u, 256u, 257u, 4095u, 4096u, 4097u, 70000u}) {
    CAPTURE(size);
    ByteVector bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + 1);
    Secret secret{Bytes(bytes)};
    CHECK(secret.size() == size);
    CHECK(equal(secret.bytes(), bytes));
    CHECK(equal(secret.clone().bytes(), bytes));
    Secret zeroed(size);
    CHECK(zeroed.size() == size);
    CHECK(all_zero(zeroed.bytes()));
  }
}

TEST_CASE("an empty secret needs no memory and can be moved", "[base]") {
  Secret empty(size_t{0});
  CHECK(empty.empty());
  CHECK(empty.bytes().data() == nullptr);
  Secret moved(std::move(empty));
  CHECK(moved.empty());
  CHECK(Secret(std::string_view()).clone().empty());
}

TEST_CASE("S-1: a small secret's slot is zero once it is gone, and when it is used again", "[base]") {
  Secret neighbour(std::string_view("keeps the page mapped, same slot"));
  const uint8_t* place = nullptr;
  {
    Secret secret(std::string_view("0123456789abcdef0123456789abcdef"));
    place = secret.bytes().data();
    REQUIRE(place[0] == '0');
  }
  CHECK(all_zero(Bytes(place, 32)));
  Secret next(size_t{20});
  CHECK(next.bytes().data() == place);  // the slot is used again at once
  CHECK(all_zero(next.bytes()));
  CHECK(neighbour.text() == "keeps the page mapped, same slot");
}

TEST_CASE("S-1: the bytes are wiped when an exception passes", "[base]") {
  Secret neighbour(size_t{64});
  const uint8_t* place = nullptr;
  try {
    Secret secret(std::string(64, 'k'));
    place = secret.bytes().data();
    throw Error(ErrorCode::kIo, "test.secret", "passing");
  } catch (const Error&) {
  }
  CHECK(all_zero(Bytes(place, 64)));
}

TEST_CASE("S-1: what a secret held is wiped when another one is moved into it", "[base]") {
  Secret neighbour(size_t{16});
  Secret kept(std::string_view("the first secret"));
  const uint8_t* first = kept.bytes().data();
  Secret other(std::string_view("the second one!!"));
  kept = std::move(other);
  CHECK(all_zero(Bytes(first, 16)));
  CHECK(kept.text() == "the second one!!");
  CHECK(other.empty());  // NOLINT(bugprone-use-after-move): the state after the move is what is tested
  Secret& itself = kept;
  kept = std::move(itself);
  CHECK(kept.text() == "the second one!!");
}

TEST_CASE("S-1: shrinking wipes the tail and refuses to grow", "[base]") {
  for (size_t size : {200u, 5000u}) {
    Secret secret(std::string(size, 's'));
    const uint8_t* place = secret.bytes().data();
    secret.shrink(150);
    CHECK(secret.size() == 150);
    CHECK(std::all_of(place, place + 150, [](uint8_t byte) { return byte == 's'; }));
    CHECK(all_zero(Bytes(place + 150, size - 150)));
    CHECK_THROWS_AS(secret.shrink(151), Error);
    CHECK(secret.size() == 150);
    secret.shrink(0);
    CHECK(all_zero(Bytes(place, size)));
  }
}

TEST_CASE("S-2: small and large secrets lie in pages that are locked and left out of core dumps", "[base]") {
  if (kAddressSanitizer) return test::print_skip("the address sanitizer leaves mlock out");
  if (!may_lock(64 * 1024)) return test::print_skip("the limit on locked memory is too small here");
  for (size_t size : {16u, 100u, 300u, 10000u}) {
    CAPTURE(size);
    Secret secret(size);
    const std::string flags = mapping_flags(secret.bytes().data());
    CHECK(flags.find(" lo ") != std::string::npos);
    CHECK(flags.find(" dd ") != std::string::npos);
  }
}

TEST_CASE("S-2: a limit on locked memory is not an error", "[base]") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_MEMLOCK, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_MEMLOCK, &none) == 0);
  Secret large(std::string(100000, 'x'));
  std::vector<Secret> small;
  small.reserve(5000);
  for (int i = 0; i < 5000; ++i) small.emplace_back(std::string_view("a small secret.."));
  CHECK(large.bytes()[99999] == 'x');
  CHECK(small.back().text() == "a small secret..");
  REQUIRE(::setrlimit(RLIMIT_MEMLOCK, &before) == 0);
}

TEST_CASE("S-4: a child process has no secret", "[base]") {
  const Secret small(std::string_view("small secret"));
  Secret large(size_t{100} * 1024);
  large.bytes()[5000] = 0x5a;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(all_zero(small.bytes()) && all_zero(large.bytes()) ? 0 : 1);
  REQUIRE(child > 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(small.text() == "small secret");
  CHECK(large.bytes()[5000] == 0x5a);
}

TEST_CASE("a hundred thousand small secrets share pages, and give them back", "[base]") {
  constexpr size_t kCount = 100000;
  const size_t before = status_kib("VmSize");
  {
    std::vector<Secret> secrets;
    secrets.reserve(kCount);
    const size_t reserved = status_kib("VmSize");
    for (size_t i = 0; i < kCount; ++i) {
      secrets.emplace_back(size_t{16});
      write_le<uint64_t>(secrets.back().bytes(), 8, i);
    }
    CHECK(status_kib("VmSize") - reserved < 8 * 1024);
    bool right = true;
    for (size_t i = 0; i < kCount; ++i) right = right && read_le<uint64_t>(secrets[i].bytes(), 8) == i;
    CHECK(right);
    // Every other one goes and comes again, in the room the others left.
    const size_t full = status_kib("VmSize");
    for (size_t i = 0; i < kCount; i += 2) secrets[i] = Secret();
    for (size_t i = 0; i < kCount; i += 2) {
      secrets[i] = Secret(size_t{9});
      right = right && all_zero(secrets[i].bytes());
    }
    CHECK(right);
    CHECK(status_kib("VmSize") <= full + 1024);
  }
  CHECK((kAddressSanitizer || status_kib("VmSize") <= before + 1024));
}

TEST_CASE("S-3: secrets are made and destroyed on several threads at once", "[base]") {
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t, &wrong] {
      std::vector<Secret> held;
      for (int i = 0; i < 20000; ++i) {
        const auto size = static_cast<size_t>(1 + (i * 37 + t) % 300);
        Secret secret(size);
        if (!all_zero(secret.bytes())) ++wrong;
        std::fill(secret.bytes().begin(), secret.bytes().end(), static_cast<uint8_t>(t + 1));
        if (i % 3 == 0) held.push_back(std::move(secret));
        if (held.size() > 100) held.erase(held.begin(), held.begin() + 50);
      }
      for (const Secret& secret : held) {
        for (uint8_t byte : secret.bytes()) wrong += byte != static_cast<uint8_t>(t + 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a secret beyond any memory is an error, not a crash", "[base]") {
  CHECK_THROWS_AS(Secret(SIZE_MAX), Error);
  CHECK_THROWS_AS(Secret(SIZE_MAX / 2), Error);
}

TEST_CASE("keys are compared in full, whatever differs", "[base]") {
  const ByteVector a = from_hex("00112233445566778899aabbccddeeff");
  ByteVector b = a;
  CHECK(equal_constant_time(a, b));
  for (size_t i = 0; i < b.size(); ++i) {
    b[i] ^= 0x80;
    CHECK_FALSE(equal_constant_time(a, b));
    b[i] ^= 0x80;
  }
  CHECK_FALSE(equal_constant_time(a, Bytes(b).first(15)));
  CHECK(equal_constant_time({}, {}));
}

TEST_CASE("S-1: a container with WipingAllocator wipes what it gives back", "[base]") {
  using Text = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
  Text text(100, 'x');
  watched = text.data();
  watched_bytes = 100;
  watched_was_zero = false;
  text += Text(1000, 'y');  // grows, so the old buffer is given back
  CHECK(watched_was_zero);
  CHECK(text.size() == 1100);
  CHECK(text[99] == 'x');
  CHECK(text[100] == 'y');
}

}  // namespace
}  // namespace mend

// Every deletion of this program looks whether it is the watched one.
static void release(void* memory) noexcept {
  if (memory != nullptr && memory == mend::watched) {
    mend::watched = nullptr;
    mend::watched_was_zero = mend::all_zero({static_cast<uint8_t*>(memory), mend::watched_bytes});
  }
  std::free(memory);
}
void* operator new(size_t size) {
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size);
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, size_t) noexcept {
  release(memory);
}
