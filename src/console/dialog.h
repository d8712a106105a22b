// SPDX-License-Identifier: GPL-3.0-or-later
// The session as a state machine: what happens goes in (keys, news of the run, things plugged in), what the
// screens show comes out as a Model, and what is to be done as Effects. Has no terminal, no thread, no clock
// and no disk of its own; session.h gives it all of them, tests give it none.
//
// Invariants
//   DI-1  A yes to a plan, and to what the menu says of a disk, comes from the Y key, or from Enter after the
//         person has chosen Yes on that very page.
//   DI-2  No key leaves the session, or begins a run, while one is on its way.
//   DI-3  From every page a key leads on, and every question can be answered with no.
//   DI-4  No key that was typed is in the Model but within its KeyField.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "console/model.h"
#include "profile/stick.h"

namespace mend::console {

struct Effect {
  enum class Kind {
    kAnswerKey,      // take_answer() has it
    kKeyReady,       // the same, while keys at hand are being tried
    kAnswerConsent,  // `yes`
    kRun,            // `choice`: kAgain, kScan or kUndo
    kReadKeysAgain,  // of the stick
    kFindKeyFiles,   // on other sticks
    kShowLog,
    kSaveLog,
    kLayout,  // of the keyboard: `number`
    kLeave,   // `next`
  };
  Kind kind;
  bool yes = false;
  Choice choice = Choice::kBack;
  int number = 0;
  stick::Next next = stick::Next::kRestart;
};

class Dialog {
 public:
  explicit Dialog(Heading heading) { model_.heading = std::move(heading); }

  const Model& model() const { return model_; }
  std::vector<Effect> take_effects() { return std::exchange(effects_, {}); }
  // Of kAnswerKey and kKeyReady; empty: skipped.
  repair::KeyAnswer take_answer() { return std::exchange(answer_, {}); }

  // --- the run ---
  void run_begins();
  void progress(repair::Phase phase, std::string_view what, double fraction);
  void tell(std::string_view text, screen::Style style = screen::Style::kPlain);
  void disk(const repair::DiskReport& report);
  void volume(const repair::VolumeReport& report);
  void searching(const repair::KeyQuestion& question);
  void ask_key(const repair::KeyQuestion& question);
  void ask_consent(std::vector<repair::VolumeReport> planned);
  // `report`: none when it could not begin. `receipt`: the QR code's text.
  void run_ended(Ending ending, std::optional<repair::Report> report, std::string receipt, bool scanned);

  // --- the person and the machine ---
  void key(const screen::Key& key);
  // Keys from the stick or from another one; empty: none were found, for `why`.
  void keys_found(bitlocker::Credentials credentials, const std::string& where);
  void show_text(std::string title, std::vector<std::string> lines);
  void set_elapsed(std::chrono::seconds elapsed) { model_.elapsed = elapsed; }
  void set_by_itself(std::optional<std::chrono::seconds> left) { model_.by_itself = left; }
  void limit_scroll(int hidden_rows) { model_.scroll = std::min(model_.scroll, hidden_rows); }
  void set_end(bool stick_can_be_pulled, bool powers_off);
  // The session's stick was pulled out, or is there again. No key is used up meanwhile.
  void set_stick_away(bool away);
  bool waits_for_key() const { return model_.page == Page::kKey; }

 private:
  void key_on_key_page(const screen::Key& key);
  void function_on_key_page(int number);
  void after_typing(KeyField::Taken taken, const screen::Key& key);
  void submit_key();
  void give_up_answer();
  void skip();
  void key_on_question(const screen::Key& key);  // kPlan, kConfirm
  void answer_question(bool yes);
  void key_on_verdict(const screen::Key& key);
  void key_on_menu(const screen::Key& key);
  void key_on_text(const screen::Key& key);
  void choose(Choice choice);
  void open_menu();
  void scroll(const screen::Key& key);
  void leave(stick::Next next);
  void do_it(Effect::Kind kind) {
    effects_.push_back({kind, false, Choice::kBack, 0, stick::Next::kRestart});
  }
  void to(Page page);
  void open_key_page(const repair::KeyQuestion& question, bool asked);
  bool has_answer() const { return !answer_.skips(); }

  Model model_;
  std::vector<Effect> effects_;
  repair::KeyAnswer answer_;
};

}  // namespace mend::console
