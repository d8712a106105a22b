// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen/keys.h"

#include <random>

#include "tests/support/catch.h"

namespace mend::screen {
namespace {

using Clock = KeyDecoder::Clock;

Keys keys_of(std::string bytes) {
  KeyDecoder decoder;
  Keys keys = decoder.take(bytes, Clock::time_point{});
  for (const Key& key : decoder.rest(Clock::time_point{} + std::chrono::seconds(1))) keys.push_back(key);
  return keys;
}

Key only(const std::string& bytes) {
  CAPTURE(bytes);
  const Keys keys = keys_of(bytes);
  REQUIRE(keys.size() == 1);
  return keys.front();
}

TEST_CASE("function keys of all kinds of terminals, and Esc and a digit where there are none", "[screen]") {
  for (const char* f2 : {"\x1bOQ", "\x1b[[B", "\x1b[12~", "\x1b[Q", "\x1b[1;5Q",
                         "\x1b"
                         "2"}) {
    const Key key = only(f2);
    CHECK(key.code == KeyCode::kFunction);
    CHECK(key.function == 2);
  }
  CHECK(only("\x1b[17~").function == 6);
  CHECK(only("\x1b[21~").function == 10);
  CHECK(only("\x1b[24~").function == 12);
  CHECK(only("\x1b"
             "0")
            .function == 10);
}

TEST_CASE("cursor keys, the number pad and the rest", "[screen]") {
  CHECK(only("\x1b[A").code == KeyCode::kUp);
  CHECK(only("\x1bOB").code == KeyCode::kDown);
  CHECK(only("\x1b[3~").code == KeyCode::kDelete);
  CHECK(only("\x1b[5~").code == KeyCode::kPageUp);
  CHECK(only("\x1b[Z").code == KeyCode::kBackTab);
  CHECK(only("\x1bOM").code == KeyCode::kEnter);
  CHECK(only("\x1bOt").character == U'4');
  CHECK(only("\r").code == KeyCode::kEnter);
  CHECK(only("\n").code == KeyCode::kEnter);
  CHECK(only("\x7f").code == KeyCode::kBackspace);
  CHECK(only("\b").code == KeyCode::kBackspace);
  CHECK(only("\x1b").code == KeyCode::kEscape);
  CHECK(only("\xC3\xA9").character == U'é');
  CHECK(only("\xE9").character == U'é');  // Latin-1
  CHECK(only("\x1b[24;80R").cursor == Size{24, 80});
}

TEST_CASE("an Esc that stands alone is one after a pause only", "[screen]") {
  KeyDecoder decoder;
  std::string bytes = "\x1b";
  CHECK(decoder.take(bytes, Clock::time_point{}).empty());
  CHECK(decoder.waits());
  CHECK(decoder.rest(Clock::time_point{}).empty());
  bytes = "[A";
  const Keys keys = decoder.take(bytes, Clock::time_point{});
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].code == KeyCode::kUp);
  CHECK(bytes.empty());
}

TEST_CASE("KY-1: a sequence that is not known gives nothing", "[screen]") {
  for (const char* unknown : {"\x1b[99~", "\x1b[?25;1q", "\x1b[[Z", "\x1b[200~", "\x1b[1;2;3;4x"})
    CHECK(keys_of(unknown).empty());
}

TEST_CASE("KY-1: any bytes in any pieces do no harm, and nothing waits for ever", "[screen]") {
  std::mt19937 random(7);
  KeyDecoder decoder;
  Clock::time_point now{};
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 20, '\0');
    for (char& c : bytes) c = random() % 3 == 0 ? "\x1b[O;~1"[random() % 6] : static_cast<char>(random());
    for (const Key& key : decoder.take(bytes, now)) {
      CHECK((key.code != KeyCode::kFunction || (key.function >= 1 && key.function <= 12)));
    }
    now += std::chrono::seconds(1);
    decoder.rest(now);
    REQUIRE(!decoder.waits());
  }
}

}  // namespace
}  // namespace mend::screen
