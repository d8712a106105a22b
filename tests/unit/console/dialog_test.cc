// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/dialog.h"

#include <random>

#include "console/texts.h"
#include "tests/support/catch.h"
#include "tests/unit/console/sample.h"

namespace mend::console {
namespace {

using screen::Key;
using screen::KeyCode;
using Kind = Effect::Kind;

class Person {
 public:
  void press(KeyCode code, int function = 0) { dialog.key({code, 0, function, {}}); }
  void type(std::string_view text) {
    for (const char c : text) dialog.key({KeyCode::kCharacter, static_cast<char32_t>(c), 0, {}});
  }
  Page page() const { return dialog.model().page; }
  // The one effect of what was done.
  Effect effect() {
    const std::vector<Effect> effects = dialog.take_effects();
    REQUIRE(effects.size() == 1);
    return effects[0];
  }
  bool nothing_happens() { return dialog.take_effects().empty(); }

  Dialog dialog{sample::heading()};
};

Person at_verdict() {
  Person person;
  person.dialog.run_begins();
  person.dialog.run_ended(ending_of(sample::fixed_report(), "", ""), sample::fixed_report(), "RECEIPT",
                          false);
  return person;
}

TEST_CASE("DI-2: no key leaves the session or begins a run while one is on its way", "[console]") {
  Person person;
  person.dialog.run_begins();
  person.type("pfmcly1234567890");
  for (const KeyCode code : {KeyCode::kEnter, KeyCode::kEscape, KeyCode::kUp, KeyCode::kTab})
    person.press(code);
  for (int i = 1; i <= 12; ++i) person.press(KeyCode::kFunction, i);
  CHECK(person.nothing_happens());
  CHECK(person.page() == Page::kWorking);
}

TEST_CASE("a key is typed, told to be wrong, corrected, and nothing of it is lost", "[console]") {
  Person person;
  person.dialog.run_begins();
  person.dialog.volume(sample::volume());
  person.dialog.ask_key(sample::question());
  CHECK(person.page() == Page::kKey);
  person.type(sample::kKey);
  person.press(KeyCode::kEnter);
  CHECK(person.effect().kind == Kind::kAnswerKey);
  CHECK(person.dialog.take_answer().credentials.recovery.size() == 1);
  CHECK(person.page() == Page::kWorking);

  repair::KeyQuestion again = sample::question();
  again.why_not = "This recovery key does not open this drive.";
  person.dialog.ask_key(again);
  CHECK(person.page() == Page::kKey);
  CHECK(person.dialog.model().key->message.text == again.why_not);
  CHECK(person.dialog.model().key->field.complete());  // what was typed is there
  person.press(KeyCode::kEnd);
  person.type("000033");
  person.press(KeyCode::kEnter);
  CHECK(person.effect().kind == Kind::kAnswerKey);
}

TEST_CASE("a volume is skipped at once when nothing was typed, and only at the second F6 else", "[console]") {
  Person person;
  person.dialog.ask_key(sample::question());
  person.press(KeyCode::kFunction, 6);
  CHECK(person.effect().kind == Kind::kAnswerKey);
  CHECK(person.dialog.take_answer().skips());

  person.dialog.ask_key(sample::question());
  person.type("111111");
  person.press(KeyCode::kFunction, 6);
  CHECK(person.nothing_happens());
  person.type("2");
  person.press(KeyCode::kFunction, 6);
  CHECK(person.nothing_happens());  // a key between takes the first one back
  person.press(KeyCode::kFunction, 6);
  CHECK(person.effect().kind == Kind::kAnswerKey);
  CHECK(person.dialog.take_answer().skips());
}

TEST_CASE("a key is typed while those at hand are tried, and given when the run asks", "[console]") {
  Person person;
  person.dialog.run_begins();
  person.dialog.searching(sample::question());
  CHECK(person.page() == Page::kWorking);
  person.press(KeyCode::kFunction, 2);
  CHECK(person.page() == Page::kKey);
  person.type(sample::kKey);
  person.press(KeyCode::kEnter);
  CHECK(person.effect().kind == Kind::kKeyReady);
  person.dialog.ask_key(sample::question());
  CHECK(person.effect().kind == Kind::kAnswerKey);
  CHECK(!person.dialog.take_answer().skips());
}

TEST_CASE("a key at hand that fits ends the typing", "[console]") {
  Person person;
  person.dialog.run_begins();
  person.dialog.searching(sample::question());
  person.press(KeyCode::kFunction, 2);
  person.type("111111");
  person.dialog.volume(sample::open_volume());
  CHECK(person.page() == Page::kWorking);
  CHECK(!person.dialog.model().key);
}

TEST_CASE("a key given while the stick is out is kept, and tried when it is back", "[console]") {
  Person person;
  person.dialog.run_begins();
  bitlocker::Credentials credentials;
  credentials.passwords.emplace_back(std::string_view("secret"));
  SECTION("typed") {
    person.dialog.ask_key(sample::question());
    person.dialog.set_stick_away(true);
    person.type(sample::kKey);
    person.press(KeyCode::kEnter);
    person.press(KeyCode::kEnter);
  }
  SECTION("from another stick") {
    person.dialog.ask_key(sample::question());
    person.dialog.set_stick_away(true);
    person.dialog.keys_found(std::move(credentials), "/dev/sdc1 (key.txt)");
  }
  SECTION("typed while keys at hand were tried") {
    person.dialog.searching(sample::question());
    person.press(KeyCode::kFunction, 2);
    person.type(sample::kKey);
    person.press(KeyCode::kEnter);
    CHECK(person.effect().kind == Kind::kKeyReady);
    person.press(KeyCode::kEscape);
    person.dialog.set_stick_away(true);
    person.dialog.ask_key(sample::question());
  }
  CHECK(person.nothing_happens());
  CHECK(person.page() == Page::kKey);
  CHECK(person.dialog.model().key->message.text == texts::kTriedWhenBack);
  person.dialog.set_stick_away(false);
  CHECK(person.effect().kind == Kind::kAnswerKey);
  CHECK(!person.dialog.take_answer().skips());
  CHECK(person.page() == Page::kWorking);
}

TEST_CASE("a key kept while the stick is out can be changed, and the volume left locked", "[console]") {
  Person person;
  person.dialog.run_begins();
  person.dialog.ask_key(sample::question());
  person.dialog.set_stick_away(true);
  person.type(sample::kKey);
  person.press(KeyCode::kEnter);
  SECTION("changed: it is not given before Enter is pressed again") {
    person.press(KeyCode::kBackspace);
    person.dialog.set_stick_away(false);
    CHECK(person.nothing_happens());
    CHECK(person.page() == Page::kKey);
  }
  SECTION("left: there is no dead end without the stick") {
    person.press(KeyCode::kFunction, 6);
    person.press(KeyCode::kFunction, 6);
    CHECK(person.effect().kind == Kind::kAnswerKey);
    CHECK(person.dialog.take_answer().skips());
  }
}

TEST_CASE("a run that ended for want of the stick says that it waits for it", "[console]") {
  Person person;
  person.dialog.run_begins();
  const Ending ending = ending_of(Error(ErrorCode::kIo, "audit.log.flush", "cannot flush the log"));
  person.dialog.run_ended(ending, std::nullopt, "", false);
  CHECK(person.dialog.model().ending->advice == ending.advice);
  person.dialog.run_begins();
  person.dialog.set_stick_away(true);
  person.dialog.run_ended(ending, std::nullopt, "", false);
  CHECK(person.dialog.model().ending->advice ==
        std::vector<std::string>{texts::kUnchanged, texts::kRunsWhenBack});
}

TEST_CASE("a key file from another stick is tried at once", "[console]") {
  Person person;
  person.dialog.ask_key(sample::question());
  person.press(KeyCode::kFunction, 4);
  CHECK(person.effect().kind == Kind::kFindKeyFiles);
  person.dialog.keys_found({}, "nothing there");
  CHECK(person.dialog.model().key->message.text == "nothing there");
  bitlocker::Credentials credentials;
  credentials.passwords.emplace_back(std::string_view("secret"));
  person.dialog.keys_found(std::move(credentials), "/dev/sdb1");
  CHECK(person.effect().kind == Kind::kAnswerKey);
  CHECK(person.dialog.take_answer().credentials.passwords.size() == 1);
}

TEST_CASE("the passphrase of a keyring has five groups, or is a text", "[console]") {
  Person person;
  repair::KeyQuestion question;
  question.kind = repair::KeyQuestion::Kind::kKeyring;
  question.name = "keyring";
  person.dialog.ask_key(question);
  person.type("111111222222333333444444555555");
  person.press(KeyCode::kEnter);
  CHECK(person.effect().kind == Kind::kAnswerKey);
  CHECK(person.dialog.take_answer().passphrase.text() == "111111222222333333444444555555");
  question.name = "another";
  question.digits = false;
  person.dialog.ask_key(question);
  person.type("a long text");
  person.press(KeyCode::kEnter);
  CHECK(person.effect().kind == Kind::kAnswerKey);
  CHECK(person.dialog.take_answer().passphrase.text() == "a long text");
}

TEST_CASE("DI-1: a plan is agreed to by Y, or by Enter on a Yes that was chosen", "[console]") {
  const auto asked = [] {
    Person person;
    person.dialog.ask_consent({sample::planned_volume()});
    return person;
  };
  Person person = asked();
  person.press(KeyCode::kEnter);
  person.type("jopfm 1\n");
  person.press(KeyCode::kEscape);
  CHECK(person.nothing_happens());
  person.type("y");
  CHECK(person.effect().yes);

  person = asked();
  person.type("z");  // where Y is on a German keyboard
  CHECK(person.effect().yes);

  person = asked();
  person.press(KeyCode::kRight);
  person.press(KeyCode::kEnter);
  CHECK(person.effect().yes);

  person = asked();
  person.press(KeyCode::kRight);
  person.press(KeyCode::kLeft);
  person.press(KeyCode::kEnter);
  CHECK(person.nothing_happens());
  person.type("n");
  CHECK(!person.effect().yes);
}

TEST_CASE("the verdict is left by Enter, P and F only", "[console]") {
  Person person = at_verdict();
  person.type("xyz019 ");
  person.press(KeyCode::kEscape);
  CHECK(person.nothing_happens());
  person.press(KeyCode::kEnter);
  CHECK(person.effect().next == stick::Next::kRestart);
  person.type("p");
  CHECK(person.effect().next == stick::Next::kPowerOff);
  person.type("F");
  CHECK(person.effect().next == stick::Next::kFirmwareSetup);
  person.dialog.set_end(true, true);
  person.press(KeyCode::kEnter);
  CHECK(person.effect().next == stick::Next::kPowerOff);
}

TEST_CASE("DI-1: the menu asks before it touches a disk", "[console]") {
  Person person = at_verdict();
  person.type("m");
  CHECK(person.page() == Page::kMenu);
  person.press(KeyCode::kEnter);  // Back is chosen at first
  CHECK(person.page() == Page::kVerdict);
  person.type("m1");
  CHECK(person.page() == Page::kConfirm);
  CHECK(person.dialog.model().to_confirm == Choice::kUndo);
  person.press(KeyCode::kEnter);
  CHECK(person.nothing_happens());
  CHECK(person.page() == Page::kMenu);
  person.type("1");
  person.type("y");
  const Effect undo = person.effect();
  CHECK(undo.kind == Kind::kRun);
  CHECK(undo.choice == Choice::kUndo);
}

TEST_CASE("a run that changed nothing offers no undo, one without a log no log", "[console]") {
  Person person;
  person.dialog.run_ended(ending_without_disk(), std::nullopt, "", false);
  person.type("m");
  for (const Choice choice : person.dialog.model().menu) {
    CHECK(choice != Choice::kUndo);
    CHECK(choice != Choice::kShowLog);
    CHECK(choice != Choice::kSaveLog);
  }
}

// What a run, and whoever plugs things in, can do at any time.
void happen(Dialog& dialog, uint32_t what) {
  switch (what % 8) {
    case 0:
      return dialog.run_begins();
    case 1:
      return dialog.ask_key(sample::question());
    case 2:
      return dialog.searching(sample::question());
    case 3:
      return dialog.ask_consent({sample::planned_volume()});
    case 4:
      return dialog.run_ended(ending_of(sample::fixed_report(), "", ""), sample::fixed_report(), "R", false);
    case 5:
      return dialog.volume(sample::open_volume());
    case 6:
      return dialog.keys_found({}, "none");
    default:
      return dialog.progress(repair::Phase::kVerify, "x", 0.5);
  }
}

TEST_CASE("DI-1: random keys never say yes but by the keys that do", "[console]") {
  std::mt19937 engine(11);
  const auto random = [&] { return static_cast<uint32_t>(engine()); };
  Person person;
  for (int i = 0; i < 200000; ++i) {
    if (random() % 40 == 0) happen(person.dialog, random());
    const Page page = person.page();
    const bool chosen = person.dialog.model().yes_chosen;
    Key key;
    key.code = random() % 3 == 0 ? static_cast<KeyCode>(random() % 19) : KeyCode::kCharacter;
    key.function = static_cast<int>(random() % 12) + 1;
    key.character = random() % 2 == 0 ? U'0' + random() % 10 : random() % 0x250;
    person.dialog.key(key);
    const bool says_yes =
        (key.code == KeyCode::kCharacter && (key.character == U'y' || key.character == U'Y' ||
                                             key.character == U'z' || key.character == U'Z')) ||
        (key.code == KeyCode::kEnter && chosen);
    for (const Effect& effect : person.dialog.take_effects()) {
      const bool writes = (effect.kind == Kind::kAnswerConsent && effect.yes) ||
                          (effect.kind == Kind::kRun && effect.choice != Choice::kScan);
      if (writes) {
        REQUIRE(says_yes);
        REQUIRE((page == Page::kPlan || page == Page::kConfirm));
      }
      if (effect.kind == Kind::kAnswerKey) person.dialog.take_answer();
    }
  }
}

}  // namespace
}  // namespace mend::console
