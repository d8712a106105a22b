// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/pages.h"

#include <fmt/format.h>

#include <algorithm>

#include "console/page_parts.h"
#include "console/show.h"
#include "console/texts.h"

namespace mend::console {
namespace {

using screen::Grid;
using screen::Look;

std::string machine_line(const Model& model) {
  const repair::Machine& machine = model.heading.machine;
  std::string text = texts::kThisPc;
  for (const std::string* part : {&machine.vendor, &machine.model}) {
    if (!part->empty()) text += " " + *part;
  }
  if (machine.vendor.empty() && machine.model.empty()) text += std::string(" ") + texts::kNoName;
  if (!machine.serial.empty()) text += ", " + fmt::format(texts::kSerial, machine.serial);
  for (const repair::VolumeReport& volume : model.volumes) {
    if (volume.windows.empty() || volume.windows.front().host.empty()) continue;
    text += ", " + fmt::format(texts::kHost, volume.windows.front().host);
    break;
  }
  return text;
}

// PA-1.
void put_heading(Canvas& canvas, const Model& model) {
  Grid& grid = canvas.grid;
  const Heading& heading = model.heading;
  const auto title_row = [&](int row) { grid.fill(row, 0, grid.columns(), U' ', Look::kTitle); };
  title_row(0);
  const int after =
      grid.put(0, kLeft, heading.tool + "   " + fmt::format(texts::kFor, heading.customer), Look::kTitle);
  const std::string built = fmt::format(texts::kImageOf, heading.built);
  const int right = grid.columns() - 1 - screen::columns_of(built);
  int row = 1;
  if (right > after) {
    grid.put(0, right, built, Look::kTitle);
  } else {
    title_row(row);
    grid.put(row++, kLeft, built, Look::kTitle);
  }
  if (!heading.incident.empty()) {
    for (const std::string& line :
         screen::wrap(heading.incident, static_cast<size_t>(std::max(2, canvas.width())))) {
      if (row == 4) break;
      title_row(row);
      grid.put(row++, kLeft, line, Look::kTitle);
    }
  }
  row = grid.put_wrapped(row, kLeft, canvas.width(), 2, machine_line(model));
  if (!heading.note.empty()) row = grid.put_wrapped(row, kLeft, canvas.width(), 1, heading.note);
  if (!heading.warning.empty())
    row = grid.put_wrapped(row, kLeft, canvas.width(), 2, heading.warning, Look::kBad);
  canvas.top = row + 1;
}

std::string volume_line(const repair::VolumeReport& volume) {
  std::string text = volume.partition == 0 ? volume.disk : fmt::format("partition {}", volume.partition);
  text += ", " + in_units(volume.size_bytes);
  if (volume.encryption) {
    const bool locked = volume.encryption->protector_id.empty();
    text += fmt::format(", {} {}", texts::kBitlocker, locked ? texts::kLockedNow : texts::kUnlocked);
  } else if (!volume.filesystem.empty()) {
    text += ", " + volume.filesystem;
  }
  for (const repair::WindowsReport& windows : volume.windows) {
    text += ", " + (windows.product.empty() ? std::string("Windows") : windows.product);
    if (!windows.host.empty()) text += ", " + fmt::format(texts::kHost, windows.host);
  }
  return text;
}

// The volumes of one disk, or those whose disk is not known.
int put_volumes(Canvas& canvas, int row, const Model& model, const std::string& disk) {
  Grid& grid = canvas.grid;
  for (const repair::VolumeReport& volume : model.volumes) {
    if (volume.disk != disk || row >= canvas.bottom - 3) continue;
    row = grid.put_wrapped(row, kLeft + 2, canvas.width() - 2, 2, volume_line(volume));
    if (volume.verdict) {
      const std::string verdict = upper(repair::to_string(*volume.verdict));
      row = grid.put_wrapped(row, kLeft + 4, canvas.width() - 4, 2,
                             verdict + (volume.reason.empty() ? "" : ": " + volume.reason), Look::kStrong);
    }
    if (!model.progress || model.progress->what != name_of(volume) || model.progress->fraction < 0) continue;
    grid.bar(row++, kLeft + 4, std::min(canvas.width() - 4, 60), model.progress->fraction);
  }
  return row;
}

std::string clock_of(std::chrono::seconds elapsed) {
  return fmt::format("{}:{:02}", elapsed.count() / 60, elapsed.count() % 60);
}

std::string now_line(const Model& model) {
  if (!model.progress) return fmt::format(texts::kNow, texts::kStarting);
  std::string text = fmt::format("{} {}", repair::to_string(model.progress->phase), model.progress->what);
  if (model.progress->fraction >= 0) text += fmt::format("  {:.0f} %", model.progress->fraction * 100);
  return fmt::format(texts::kNow, text);
}

}  // namespace

Look look_of(screen::Style style) {
  switch (style) {
    case screen::Style::kGood:
      return Look::kGood;
    case screen::Style::kBad:
      return Look::kBad;
    case screen::Style::kStrong:
      return Look::kStrong;
    case screen::Style::kPlain:
      break;
  }
  return Look::kPlain;
}

void add_lines(std::vector<Line>& lines, std::string_view text, Look look) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back({std::string(text.substr(0, end)), look});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void put_scrolled(Canvas& canvas, int top, int bottom, int width, const std::vector<Line>& lines,
                  int scroll) {
  std::vector<Line> rows;
  for (const Line& line : lines) {
    for (std::string& part : screen::wrap(line.text, static_cast<size_t>(std::max(2, width))))
      rows.push_back({std::move(part), line.look});
  }
  const int count = static_cast<int>(rows.size()), room = std::max(0, bottom - top);
  canvas.hidden_rows = std::max(0, count - room);
  const int first = std::min(scroll, canvas.hidden_rows);
  for (int i = 0; i < std::min(room, count - first); ++i) {
    const Line& line = rows[static_cast<size_t>(first) + static_cast<size_t>(i)];
    canvas.grid.put(top + i, kLeft, line.text, line.look);
  }
  if (canvas.hidden_rows == 0) return;
  const std::string where =
      fmt::format(" {} ({}-{} / {}) ", texts::kScroll, first + 1, first + std::min(room, count), count);
  canvas.grid.put(bottom, std::max(kLeft, canvas.grid.columns() - 1 - screen::columns_of(where)), where,
                  Look::kStrong);
}

void put_foot(Canvas& canvas, const std::vector<std::string>& parts) {
  std::string text;
  std::vector<std::string> rows;
  for (const std::string& part : parts) {
    const std::string longer = text.empty() ? part : fmt::format("{}   {}", text, part);
    if (screen::columns_of(longer) <= canvas.width()) {
      text = longer;
      continue;
    }
    rows.push_back(text);
    text = part;
  }
  rows.push_back(text);
  const int first = canvas.grid.rows() - static_cast<int>(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const int row = first + static_cast<int>(i);
    canvas.grid.fill(row, 0, canvas.grid.columns(), U' ', Look::kTitle);
    canvas.grid.put(row, kLeft, rows[i], Look::kTitle);
  }
  canvas.bottom = first - 1;
}

void put_news(Canvas& canvas, const Model& model) {
  constexpr size_t kNewsRows = 2;
  Line news;
  if (model.stick_away) {
    news = {texts::kStickAway, Look::kBad};
  } else if (model.messages.size() > model.messages_of_page) {
    news = {model.messages.back().text, look_of(model.messages.back().style)};
  }
  if (news.text.empty()) return;
  const auto width = static_cast<size_t>(std::max(2, canvas.width()));
  const auto rows = static_cast<int>(std::min(kNewsRows, screen::wrap(news.text, width).size()));
  canvas.bottom -= rows;
  canvas.grid.put_wrapped(canvas.bottom, kLeft, canvas.width(), rows, news.text, news.look);
  --canvas.bottom;
}

void draw_working(Canvas& canvas, const Model& model) {
  Grid& grid = canvas.grid;
  std::vector<std::string> foot = {texts::kWait};
  if (model.key && !model.key->asked) foot.insert(foot.begin(), texts::kFootKey);
  put_foot(canvas, foot);
  grid.put_wrapped(canvas.top, kLeft, canvas.width() - 16, 1, now_line(model), Look::kStrong);
  const std::string elapsed = fmt::format(texts::kElapsed, clock_of(model.elapsed));
  grid.put(canvas.top, grid.columns() - 1 - screen::columns_of(elapsed), elapsed);
  int row = canvas.top + 2;
  if (model.key) {
    const std::string text = model.key->trying ? std::string(texts::kTrying)
                                               : fmt::format(texts::kSearching, model.key->question.name);
    row = grid.put_wrapped(row, kLeft, canvas.width(), 2, text) + 1;
  }
  for (const repair::DiskReport& disk : model.disks) {
    if (row >= canvas.bottom - 3) break;
    std::string text = disk.path;
    for (const std::string* part : {&disk.vendor, &disk.model, &disk.serial}) {
      if (!part->empty()) text += (part == &disk.vendor ? "  " : " ") + *part;
    }
    row = grid.put_wrapped(row, kLeft, canvas.width(), 2, text + ", " + in_units(disk.size_bytes),
                           Look::kStrong);
    row = put_volumes(canvas, row, model, disk.path);
  }
  // The latest messages, at the bottom.
  std::vector<Line> lines;
  for (const Message& message : model.messages) lines.push_back({message.text, look_of(message.style)});
  if (lines.empty() || row + 1 >= canvas.bottom) return;
  put_scrolled(canvas, row + 1, canvas.bottom, canvas.width(), lines, kMostRows);
}

Drawn draw(const Model& model, screen::Size size, screen::Charset charset) {
  Canvas canvas{Grid(size), charset, 0, size.rows, 0};
  if (model.page != Page::kReceipt) put_heading(canvas, model);
  switch (model.page) {
    case Page::kWorking:
      draw_working(canvas, model);
      break;
    case Page::kKey:
      draw_key(canvas, model);
      break;
    case Page::kPlan:
      draw_plan(canvas, model);
      break;
    case Page::kVerdict:
      draw_verdict(canvas, model);
      break;
    case Page::kMenu:
      draw_menu(canvas, model);
      break;
    case Page::kConfirm:
      draw_confirm(canvas, model);
      break;
    case Page::kReceipt:
      draw_receipt(canvas, model);
      break;
    case Page::kText:
      draw_text(canvas, model);
      break;
  }
  return {std::move(canvas.grid), canvas.hidden_rows};
}

}  // namespace mend::console
