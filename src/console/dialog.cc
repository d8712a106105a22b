// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/dialog.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "console/texts.h"

namespace mend::console {
namespace {

using screen::Key;
using screen::KeyCode;
using screen::Style;

constexpr size_t kMostMessages = 500;

// The letter of a key, small; 0: none. Y and Z change places between layouts, and Z means nothing anywhere.
char letter_of(const Key& key) {
  if (key.code != KeyCode::kCharacter || key.character >= 0x80) return 0;
  const char letter = static_cast<char>(std::tolower(static_cast<int>(key.character)));
  return letter == 'z' ? 'y' : letter;
}

bool same_volume(const repair::VolumeReport& a, const repair::VolumeReport& b) {
  return a.disk == b.disk && a.partition == b.partition;
}

bool same_question(const repair::KeyQuestion& a, const repair::KeyQuestion& b) {
  return a.kind == b.kind && a.name == b.name;
}

}  // namespace

const char* words_of(Choice choice) {
  switch (choice) {
    case Choice::kUndo:
      return texts::kMenuUndo;
    case Choice::kAgain:
      return texts::kMenuAgain;
    case Choice::kScan:
      return texts::kMenuScan;
    case Choice::kShowLog:
      return texts::kMenuLog;
    case Choice::kSaveLog:
      return texts::kMenuSave;
    case Choice::kReceipt:
      return texts::kMenuReceipt;
    case Choice::kRestart:
      return texts::kMenuRestart;
    case Choice::kPowerOff:
      return texts::kMenuPowerOff;
    case Choice::kFirmware:
      return texts::kMenuFirmware;
    case Choice::kBack:
      break;
  }
  return texts::kMenuBack;
}

void Dialog::to(Page page) {
  model_.page = page;
  model_.scroll = 0;
  model_.yes_chosen = false;
  model_.messages_of_page = model_.messages.size();
}

// --- the run ---

void Dialog::run_begins() {
  model_.disks.clear();
  model_.volumes.clear();
  model_.progress.reset();
  model_.key.reset();
  model_.plan.clear();
  model_.ending.reset();
  model_.by_itself.reset();
  to(Page::kWorking);
}

void Dialog::progress(repair::Phase phase, std::string_view what, double fraction) {
  model_.progress = Progress{phase, std::string(what), fraction};
}

void Dialog::tell(std::string_view text, Style style) {
  if (model_.messages.size() < kMostMessages) model_.messages.push_back({std::string(text), style});
}

void Dialog::disk(const repair::DiskReport& report) {
  model_.disks.push_back(report);
}

void Dialog::volume(const repair::VolumeReport& report) {
  const auto known =
      std::find_if(model_.volumes.begin(), model_.volumes.end(),
                   [&](const repair::VolumeReport& volume) { return same_volume(volume, report); });
  if (known == model_.volumes.end()) {
    model_.volumes.push_back(report);
  } else {
    *known = report;
  }
  // A search that is over: nothing is to be typed any more if a key at hand fitted.
  if (!model_.key || model_.key->asked) return;
  const repair::KeyQuestion& question = model_.key->question;
  if (question.disk != report.disk || question.partition != report.partition) return;
  if (report.verdict == repair::Verdict::kLocked || !report.encryption) return;
  if (report.encryption->protector_id.empty()) return;
  if (model_.page == Page::kKey) {
    tell(fmt::format(texts::kKeyFits, question.name), Style::kGood);
    to(Page::kWorking);
  }
  model_.key.reset();
  answer_ = {};
}

void Dialog::open_key_page(const repair::KeyQuestion& question, bool asked) {
  if (model_.key && same_question(model_.key->question, question)) {
    model_.key->question = question;
    model_.key->asked = asked;
    return;
  }
  answer_ = {};
  KeyEntry& entry = model_.key.emplace();
  entry.question = question;
  entry.asked = asked;
  if (question.kind == repair::KeyQuestion::Kind::kKeyring) {
    DigitShape shape = kRecoveryShape;
    shape.groups = kPassphraseGroups;
    entry.field = KeyField(shape);
    if (!question.digits) entry.field.set_form(KeyField::Form::kPassword);
  } else if (!question.takes(bitlocker::ProtectorType::kRecoveryPassword) &&
             question.takes(bitlocker::ProtectorType::kPassword)) {
    entry.field.set_form(KeyField::Form::kPassword);
  }
}

void Dialog::searching(const repair::KeyQuestion& question) {
  open_key_page(question, false);
}

void Dialog::ask_key(const repair::KeyQuestion& question) {
  open_key_page(question, true);
  KeyEntry& entry = *model_.key;
  entry.trying = false;
  if (has_answer()) {  // typed while keys at hand were tried
    if (model_.stick_away) to(Page::kKey);
    return submit_key();
  }
  if (!question.why_not.empty()) entry.message = {question.why_not, Style::kBad};
  to(Page::kKey);
}

void Dialog::ask_consent(std::vector<repair::VolumeReport> planned) {
  model_.plan = std::move(planned);
  model_.key.reset();
  to(Page::kPlan);
}

void Dialog::run_ended(Ending ending, std::optional<repair::Report> report, std::string receipt,
                       bool scanned) {
  model_.ending = std::move(ending);
  if (model_.ending->without_log && model_.stick_away)
    model_.ending->advice = {texts::kUnchanged, texts::kRunsWhenBack};
  model_.report = std::move(report);
  model_.receipt = std::move(receipt);
  model_.scanned = scanned;
  model_.messages_of_run = model_.messages.size();
  model_.key.reset();
  model_.progress.reset();
  to(Page::kVerdict);
}

void Dialog::set_end(bool stick_can_be_pulled, bool powers_off) {
  model_.stick_can_be_pulled = stick_can_be_pulled;
  model_.powers_off = powers_off;
}

void Dialog::set_stick_away(bool away) {
  model_.stick_away = away;
  if (!away && model_.key && model_.key->waits_for_stick) submit_key();
}

// --- keys ---

void Dialog::key(const Key& key) {
  switch (model_.page) {
    case Page::kWorking:
      if (key.code == KeyCode::kFunction && key.function == 2 && model_.key && !model_.key->asked)
        to(Page::kKey);
      break;
    case Page::kKey:
      key_on_key_page(key);
      break;
    case Page::kPlan:
    case Page::kConfirm:
      key_on_question(key);
      break;
    case Page::kVerdict:
      key_on_verdict(key);
      break;
    case Page::kMenu:
      key_on_menu(key);
      break;
    case Page::kReceipt:
    case Page::kText:
      key_on_text(key);
      break;
  }
}

// kPlan and kConfirm: DI-1.
void Dialog::key_on_question(const Key& key) {
  switch (key.code) {
    case KeyCode::kLeft:
    case KeyCode::kRight:
    case KeyCode::kTab:
    case KeyCode::kBackTab:
      model_.yes_chosen = !model_.yes_chosen;
      return;
    case KeyCode::kEnter:
      if (model_.yes_chosen || model_.page == Page::kConfirm) answer_question(model_.yes_chosen);
      return;
    case KeyCode::kEscape:
      if (model_.page == Page::kConfirm) answer_question(false);
      return;
    default:
      break;
  }
  if (letter_of(key) == 'y') return answer_question(true);
  if (letter_of(key) == 'n') return answer_question(false);
  scroll(key);
}

void Dialog::answer_question(bool yes) {
  if (model_.page == Page::kPlan) {
    effects_.push_back({Effect::Kind::kAnswerConsent, yes, Choice::kBack, 0, stick::Next::kRestart});
    model_.plan.clear();
    return to(Page::kWorking);
  }
  const Choice choice = model_.to_confirm;
  to(Page::kMenu);
  if (yes) effects_.push_back({Effect::Kind::kRun, true, choice, 0, stick::Next::kRestart});
}

void Dialog::key_on_verdict(const Key& key) {
  if (key.code == KeyCode::kEnter) return choose(model_.powers_off ? Choice::kPowerOff : Choice::kRestart);
  if (key.code == KeyCode::kFunction && key.function == 1) return open_menu();
  switch (letter_of(key)) {
    case 'p':
      return choose(Choice::kPowerOff);
    case 'f':
      return choose(Choice::kFirmware);
    case 'm':
      return open_menu();
    case 'c':
      if (!model_.receipt.empty()) choose(Choice::kReceipt);
      return;
    case 'l':
      return choose(Choice::kShowLog);
    default:
      return scroll(key);
  }
}

void Dialog::open_menu() {
  const bool has_log = model_.report && !model_.report->log.empty();
  const bool has_journal =
      model_.report && !model_.scanned &&
      std::any_of(model_.report->volumes.begin(), model_.report->volumes.end(),
                  [](const repair::VolumeReport& volume) { return !volume.journal.empty(); });
  model_.menu = {Choice::kAgain, Choice::kScan};
  if (has_journal) model_.menu.insert(model_.menu.begin(), Choice::kUndo);
  if (has_log) model_.menu.insert(model_.menu.end(), {Choice::kShowLog, Choice::kSaveLog, Choice::kReceipt});
  model_.menu.insert(model_.menu.end(),
                     {Choice::kRestart, Choice::kPowerOff, Choice::kFirmware, Choice::kBack});
  model_.chosen = model_.menu.size() - 1;  // where Enter does no harm
  to(Page::kMenu);
}

void Dialog::key_on_menu(const Key& key) {
  const size_t count = model_.menu.size();
  switch (key.code) {
    case KeyCode::kUp:
    case KeyCode::kBackTab:
      model_.chosen = (model_.chosen + count - 1) % count;
      return;
    case KeyCode::kDown:
    case KeyCode::kTab:
      model_.chosen = (model_.chosen + 1) % count;
      return;
    case KeyCode::kEnter:
      return choose(model_.menu[model_.chosen]);
    case KeyCode::kEscape:
      return choose(Choice::kBack);
    default:
      break;
  }
  const char32_t c = key.character;
  if (key.code == KeyCode::kCharacter && c >= U'1' && c < U'1' + count) model_.chosen = c - U'1';
  if (letter_of(key) == 'm') return choose(Choice::kBack);
  if (key.code == KeyCode::kCharacter && c >= U'1' && c < U'1' + count) choose(model_.menu[model_.chosen]);
}

void Dialog::choose(Choice choice) {
  switch (choice) {
    case Choice::kUndo:
    case Choice::kAgain:
      model_.to_confirm = choice;
      return to(Page::kConfirm);
    case Choice::kScan:
      effects_.push_back({Effect::Kind::kRun, false, choice, 0, stick::Next::kRestart});
      return;
    case Choice::kShowLog:
      return do_it(Effect::Kind::kShowLog);
    case Choice::kSaveLog:
      to(Page::kVerdict);
      return do_it(Effect::Kind::kSaveLog);
    case Choice::kReceipt:
      return to(Page::kReceipt);
    case Choice::kRestart:
      return leave(stick::Next::kRestart);
    case Choice::kPowerOff:
      return leave(stick::Next::kPowerOff);
    case Choice::kFirmware:
      return leave(stick::Next::kFirmwareSetup);
    case Choice::kBack:
      return to(Page::kVerdict);
  }
}

void Dialog::leave(stick::Next next) {
  effects_.push_back({Effect::Kind::kLeave, false, Choice::kBack, 0, next});
}

void Dialog::show_text(std::string title, std::vector<std::string> lines) {
  model_.text_title = std::move(title);
  model_.text = std::move(lines);
  to(Page::kText);
}

void Dialog::key_on_text(const Key& key) {
  const char letter = letter_of(key);
  if (key.code == KeyCode::kEnter || key.code == KeyCode::kEscape || letter == 'q' || letter == 'm')
    return open_menu();
  scroll(key);
}

void Dialog::scroll(const Key& key) {
  constexpr int kPageRows = 10;
  switch (key.code) {
    case KeyCode::kUp:
      model_.scroll = std::max(0, model_.scroll - 1);
      break;
    case KeyCode::kDown:
      ++model_.scroll;
      break;
    case KeyCode::kPageUp:
      model_.scroll = std::max(0, model_.scroll - kPageRows);
      break;
    case KeyCode::kPageDown:
      model_.scroll += kPageRows;
      break;
    case KeyCode::kHome:
      model_.scroll = 0;
      break;
    default:
      break;
  }
  // More than can be below would have to be scrolled back key by key.
  model_.scroll = std::min(model_.scroll, kMostRows);
}

}  // namespace mend::console
