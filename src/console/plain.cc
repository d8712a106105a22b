// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/plain.h"

#include <fmt/format.h>

#include <algorithm>

#include "console/show.h"
#include "console/texts.h"

namespace mend::console {
namespace {

using screen::Key;
using screen::KeyCode;
using screen::Style;

std::string progress_text(const Progress& progress) {
  std::string text = fmt::format("{} {}", repair::to_string(progress.phase), progress.what);
  if (progress.fraction >= 0) text += fmt::format("  {:3.0f} %", progress.fraction * 100);
  return text;
}

}  // namespace

void Plain::lines(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines_.line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void Plain::begin(const Model& model) {
  const Heading& heading = model.heading;
  lines_.clear();
  lines_.line(fmt::format("{}   {}   {}", heading.tool, fmt::format(texts::kFor, heading.customer),
                          fmt::format(texts::kImageOf, heading.built)),
              Style::kStrong);
  if (!heading.incident.empty()) lines_.line(heading.incident, Style::kStrong);
  std::string text = texts::kThisPc;
  const repair::Machine& machine = heading.machine;
  for (const std::string* part : {&machine.vendor, &machine.model}) {
    if (!part->empty()) text += " " + *part;
  }
  if (machine.vendor.empty() && machine.model.empty()) text += std::string(" ") + texts::kNoName;
  lines_.line(text + (machine.serial.empty() ? "" : ", " + fmt::format(texts::kSerial, machine.serial)));
  if (!heading.note.empty()) lines_.line(heading.note);
  if (!heading.warning.empty()) lines_.line(heading.warning, Style::kBad);
  lines_.line("");
}

screen::Keys Plain::keys(Clock::time_point now) {
  typed_.reserve(512);
  if (device().read(typed_) == 0) return decoder_.rest(now);
  return decoder_.take(typed_, now);
}

Key Plain::translated(const Key& key, const Model& model) {
  if (model.page != Page::kVerdict || key.code == KeyCode::kCursorReport || key.code == KeyCode::kRedraw)
    return key;
  if (key.code == KeyCode::kCharacter && key.character < 0x80) {
    const char letter = static_cast<char>(key.character | 0x20);
    if (letter == 'p' || letter == 'f' || letter == 'm') return key;
  }
  return Key{KeyCode::kEnter, 0, 0, {}};
}

void Plain::show(const Model& model) {
  for (; messages_ < model.messages.size(); ++messages_)
    lines_.line(model.messages[messages_].text, model.messages[messages_].style);
  if (model.page != page_ || (model.page == Page::kKey && model.key->question.name != question_))
    turn_to(model);
  if (model.page == Page::kWorking) {
    lines_.status(model.progress ? progress_text(*model.progress) : "");
  } else if (model.page == Page::kKey) {
    show_field(model);
  } else if (model.page == Page::kVerdict) {
    lines_.status(model.by_itself ? fmt::format(texts::kBySelf, model.by_itself->count()) : "");
  }
}

void Plain::turn_to(const Model& model) {
  if (page_ == Page::kWorking) told_verdict_ = false;
  page_ = model.page;
  switch (model.page) {
    case Page::kWorking:
      break;
    case Page::kKey:
      return show_key_page(model);
    case Page::kPlan:
      return show_plan(model);
    case Page::kVerdict:
      return show_verdict(model);
    case Page::kMenu:
      return show_menu(model);
    case Page::kConfirm:
      lines_.line(model.to_confirm == Choice::kUndo ? texts::kUndoAsk : texts::kAgainAsk, Style::kStrong);
      if (model.to_confirm == Choice::kUndo && model.report) {
        for (const repair::VolumeReport& volume : model.report->volumes)
          if (!volume.journal.empty()) lines_.line("  " + name_of(volume));
      }
      return lines_.line(texts::kDoIt, Style::kStrong);
    case Page::kReceipt:
      lines_.line(texts::kReceiptTitle, Style::kStrong);
      lines_.line("  " + model.receipt);
      return lines_.line(texts::kFootBack);
    case Page::kText:
      lines_.line(model.text_title, Style::kStrong);
      for (const std::string& line : model.text) lines_.line("  " + line);
      return lines_.line(texts::kFootBack);
  }
}

void Plain::show_key_page(const Model& model) {
  const KeyEntry& entry = *model.key;
  const repair::KeyQuestion& question = entry.question;
  const bool keyring = question.kind == repair::KeyQuestion::Kind::kKeyring;
  question_ = question.name;
  field_message_.clear();
  lines_.line("");
  lines_.line(keyring ? std::string(texts::kKeyringTitle) : fmt::format(texts::kLockedTitle, question.name),
              Style::kStrong);
  if (!question.description.empty())
    lines_.line(keyring ? question.description : fmt::format(texts::kCallsItself, question.description));
  for (const bitlocker::ProtectorInfo& protector : question.protectors) {
    if (protector.type == bitlocker::ProtectorType::kRecoveryPassword)
      lines_.line(fmt::format("{}: {}", texts::kKeyId, upper(protector.id.to_string())), Style::kStrong);
  }
  const bool digits = entry.field.form() == KeyField::Form::kDigits;
  lines_.line(keyring ? texts::kTypePassphrase : digits ? texts::kTypeKey : texts::kTypePassword);
  lines_.line(keyring ? fmt::format("{}  {}", texts::kFootShow, texts::kFootSkip)
                      : fmt::format("{}  {}  {}  {}  {}  ({})", texts::kFootShow, texts::kFootPassword,
                                    texts::kFootFile, texts::kFootAgain, texts::kFootSkip,
                                    texts::kFootNoFunction));
}

// What is wrong is a line of its own, for who reads by ear; the field is the line that changes.
void Plain::show_field(const Model& model) {
  const KeyEntry& entry = *model.key;
  if (entry.message.text != field_message_) {
    field_message_ = entry.message.text;
    if (!field_message_.empty()) lines_.line(field_message_, entry.message.style);
  }
  const KeyField& field = entry.field;
  if (field.form() == KeyField::Form::kPassword)
    return lines_.status("> " + field.shown_password(entry.visible) + "_");
  std::string text = ">";
  for (int i = 0; i < field.shape().groups; ++i) text += (i == 0 ? " " : "-") + field.shown(i, entry.visible);
  lines_.status(text);
}

void Plain::show_plan(const Model& model) {
  lines_.line("");
  lines_.line(texts::kPlanTitle, Style::kStrong);
  for (const repair::VolumeReport& volume : model.plan) {
    lines(show_volume(volume));
    for (const repair::ActionReport& action : volume.actions)
      lines_.line("    " + fmt::format(texts::kRuleSays, action.rule, action.says));
  }
  lines_.line("");
  lines_.line(texts::kDoIt, Style::kStrong);
}

void Plain::show_verdict(const Model& model) {
  if (!told_verdict_ && model.ending) {
    if (model.report && model.scanned) {
      lines(show_scan(*model.report));
    } else if (model.report) {
      for (const std::string& note : model.report->notes) lines_.line(note);
      for (const repair::VolumeReport& volume : model.report->volumes) lines(show_volume(volume));
    }
    if (model.report && !model.report->closing_sha256.empty()) {
      lines_.line(fmt::format(texts::kLog, model.report->log.substr(model.report->log.rfind('/') + 1)));
      lines_.line(texts::kClosing);
      lines_.line(model.report->closing_sha256);
      lines_.line(fmt::format(texts::kReceipt, model.report->receipt));
    }
    lines_.line("");
    lines_.line("    " + fmt::format(texts::kBig, model.ending->word), model.ending->style);
    lines_.line("");
    for (const std::string& line : model.ending->advice) lines_.line("    " + line);
    if (!model.heading.warning.empty()) lines_.line("    " + model.heading.warning, Style::kBad);
  }
  told_verdict_ = true;
  lines_.line("");
  const char* end = model.powers_off ? texts::kPowersOff : texts::kRestarts;
  lines_.line(model.stick_can_be_pulled ? fmt::format(texts::kPull, end) : fmt::format(texts::kPress, end),
              Style::kStrong);
}

void Plain::show_menu(const Model& model) {
  lines_.line("");
  lines_.line(texts::kMenuTitle, Style::kStrong);
  for (size_t i = 0; i < model.menu.size(); ++i)
    lines_.line(fmt::format("  {}  {}", i + 1, words_of(model.menu[i])));
}

}  // namespace mend::console
