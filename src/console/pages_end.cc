// SPDX-License-Identifier: GPL-3.0-or-later
// The pages of the plan and of the time after a run.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "console/big_letters.h"
#include "console/page_parts.h"
#include "console/qr.h"
#include "console/show.h"
#include "console/texts.h"

namespace mend::console {
namespace {

using screen::Look;

void add_plan(std::vector<Line>& lines, const repair::VolumeReport& volume) {
  lines.push_back({fmt::format("{}, {}", name_of(volume), in_units(volume.size_bytes)), Look::kStrong});
  if (!volume.caution.empty()) lines.push_back({"  CAUTION: " + volume.caution, Look::kBad});
  for (const repair::ActionReport& action : volume.actions) {
    lines.push_back({fmt::format("  {}: {}", action.action, action.path), Look::kStrong});
    lines.push_back(
        {"    " + fmt::format(texts::kBytesModified, action.size_bytes, to_iso8601(action.modified))});
    if (!action.new_path.empty()) lines.push_back({"    " + fmt::format(texts::kTo, action.new_path)});
    lines.push_back({"    " + fmt::format(texts::kRuleSays, action.rule, action.says)});
    if (!action.note.empty()) lines.push_back({"    " + action.note});
    for (const std::string& link : action.other_links)
      lines.push_back({fmt::format("    another name of it stays: {}", link)});
  }
  for (const repair::IdleRule& rule : volume.idle_rules)
    lines.push_back({"  " + fmt::format(texts::kRuleSays, rule.rule, rule.reason)});
}

// The word, large on a band of its colour; small where it does not fit.
int put_word(Canvas& canvas, int row, const Ending& ending) {
  const Look look = look_of(ending.style);
  const bool big = big_columns(ending.word) <= canvas.grid.columns() - 2 && canvas.grid.rows() >= 24;
  const int rows = big ? kBigRows : 1;
  for (int i = 0; i < rows; ++i) canvas.grid.fill(row + i, 0, canvas.grid.columns(), U' ', look);
  if (big) {
    put_big(canvas.grid, row, kLeft, ending.word, look);
  } else {
    canvas.grid.put(row, kLeft, fmt::format(texts::kBig, ending.word), look);
  }
  return row + rows;
}

std::vector<std::string> foot_of_verdict(const Model& model) {
  const char* end = model.powers_off ? texts::kPowersOff : texts::kRestarts;
  std::string first =
      model.stick_can_be_pulled ? fmt::format(texts::kFootPull, end) : fmt::format(texts::kFootPress, end);
  if (model.by_itself) first += " " + fmt::format(texts::kBySelf, model.by_itself->count());
  return {first, model.receipt.empty() ? texts::kFootMoreNoReceipt : texts::kFootMore};
}

// What a person reads when the word is not enough.
std::vector<Line> details(const Model& model) {
  std::vector<Line> lines;
  if (model.report) {
    for (const std::string& note : model.report->notes) lines.push_back({note});
    for (const repair::VolumeReport& volume : model.report->volumes) add_lines(lines, show_volume(volume));
  }
  for (const Message& message : model.messages) lines.push_back({message.text, look_of(message.style)});
  if (!model.report || model.report->closing_sha256.empty()) return lines;
  lines.push_back({fmt::format(texts::kLog, model.report->log.substr(model.report->log.rfind('/') + 1))});
  lines.push_back({std::string(texts::kClosing) + " " + model.report->closing_sha256});
  return lines;
}

}  // namespace

void put_yes_no(Canvas& canvas, int row, const Model& model) {
  int column = canvas.grid.put(row, kLeft, texts::kDoIt, Look::kStrong) + 3;
  const auto button = [&](const char* text, bool chosen) {
    column =
        canvas.grid.put(row, column, fmt::format("[ {} ]", text), chosen ? Look::kSelected : Look::kPlain) +
        2;
  };
  button(texts::kNo, !model.yes_chosen);
  button(texts::kYes, model.yes_chosen);
}

void draw_plan(Canvas& canvas, const Model& model) {
  put_foot(canvas, {texts::kScroll});
  put_news(canvas, model);
  canvas.grid.put(canvas.top, kLeft, texts::kPlanTitle, Look::kStrong);
  std::vector<Line> lines;
  for (const repair::VolumeReport& volume : model.plan) add_plan(lines, volume);
  put_scrolled(canvas, canvas.top + 2, canvas.bottom - 2, canvas.width(), lines, model.scroll);
  put_yes_no(canvas, canvas.bottom - 1, model);
}

void draw_verdict(Canvas& canvas, const Model& model) {
  put_foot(canvas, foot_of_verdict(model));
  screen::Grid& grid = canvas.grid;
  int row = put_word(canvas, canvas.top - 1, *model.ending);
  for (size_t i = 0; i < model.ending->advice.size(); ++i) {
    const std::string text = (i == 0 ? model.ending->word + ": " : "") + model.ending->advice[i];
    row = grid.put_wrapped(row, kLeft, canvas.width(), 2, text, Look::kStrong);
  }
  if (model.report && !model.report->receipt.empty())
    row = grid.put_wrapped(row, kLeft, canvas.width(), 1,
                           fmt::format(texts::kReceiptShort, model.report->receipt), Look::kStrong);
  const Qr qr(model.receipt);
  const screen::Size area = qr.size(canvas.charset);
  int width = canvas.width();
  const bool beside = !qr.empty() && area.rows <= canvas.bottom - row - 1 && area.columns + 60 <= width;
  if (beside) {
    qr.draw(grid, row + 1, grid.columns() - 1 - area.columns, canvas.charset);
    width -= area.columns + 2;
  }
  // What was said after the verdict is news.
  if (model.messages.size() > model.messages_of_run)
    row = grid.put_wrapped(row, kLeft, width, 2, model.messages.back().text,
                           look_of(model.messages.back().style));
  put_scrolled(canvas, row + 1, canvas.bottom, width, details(model), model.scroll);
}

void draw_menu(Canvas& canvas, const Model& model) {
  put_foot(canvas, {texts::kFootMenu});
  put_news(canvas, model);
  canvas.grid.put(canvas.top, kLeft, texts::kMenuTitle, Look::kStrong);
  int row = canvas.top + 2;
  for (size_t i = 0; i < model.menu.size(); ++i) {
    const Look look = i == model.chosen ? Look::kSelected : Look::kPlain;
    const std::string number = i < 9 ? std::to_string(i + 1) : " ";
    canvas.grid.put(row++, kLeft + 1, fmt::format(" {}  {} ", number, words_of(model.menu[i])), look);
  }
}

void draw_confirm(Canvas& canvas, const Model& model) {
  put_foot(canvas, {texts::kFootMenu});
  put_news(canvas, model);
  const bool undo = model.to_confirm == Choice::kUndo;
  int row = canvas.grid.put_wrapped(canvas.top, kLeft, canvas.width(), 3,
                                    undo ? texts::kUndoAsk : texts::kAgainAsk, Look::kStrong);
  std::vector<Line> lines;
  if (undo && model.report) {
    for (const repair::VolumeReport& volume : model.report->volumes) {
      if (!volume.journal.empty()) add_lines(lines, show_volume(volume));
    }
  }
  put_scrolled(canvas, row + 1, canvas.bottom - 2, canvas.width(), lines, model.scroll);
  put_yes_no(canvas, canvas.bottom - 1, model);
}

void draw_receipt(Canvas& canvas, const Model& model) {
  screen::Grid& grid = canvas.grid;
  const Qr qr(model.receipt);
  const screen::Size area = qr.size(canvas.charset);
  const bool fits = !qr.empty() && area.rows <= grid.rows() && area.columns + 24 <= grid.columns();
  if (fits) qr.draw(grid, area.rows + 2 <= grid.rows() ? 1 : 0, 0, canvas.charset);
  const int column = fits ? area.columns + 2 : kLeft;
  const int width = grid.columns() - column - 1;
  int row = grid.put_wrapped(1, column, width, 3,
                             model.heading.tool + " " + fmt::format(texts::kFor, model.heading.customer)) +
            1;
  if (model.ending)
    row = grid.put_wrapped(row, column, width, 2, model.ending->word, look_of(model.ending->style)) + 1;
  if (model.report) {
    row = grid.put_wrapped(row, column, width, 2, fmt::format(texts::kReceiptShort, ""), Look::kStrong);
    row = grid.put_wrapped(row, column, width, 2, model.report->receipt, Look::kStrong) + 1;
    row =
        grid.put_wrapped(row, column, width, 4, model.report->log.substr(model.report->log.rfind('/') + 1)) +
        1;
  }
  grid.put_wrapped(row, column, width, 4, fits ? texts::kReceiptHint : texts::kReceiptTooSmall);
  grid.put_wrapped(grid.rows() - 2, column, width, 2, texts::kFootBack);
}

void draw_text(Canvas& canvas, const Model& model) {
  put_foot(canvas, {texts::kFootText});
  put_news(canvas, model);
  canvas.grid.put(canvas.top, kLeft, model.text_title, Look::kStrong);
  std::vector<Line> lines;
  for (const std::string& line : model.text) lines.push_back({line});
  put_scrolled(canvas, canvas.top + 2, canvas.bottom, canvas.width(), lines, model.scroll);
}

}  // namespace mend::console
