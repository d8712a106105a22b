// SPDX-License-Identifier: GPL-3.0-or-later
// What the pages are made of. Private to pages*.cc.
#pragma once

#include <string>
#include <vector>

#include "console/model.h"
#include "screen/grid.h"
#include "screen/terminal.h"

namespace mend::console {

struct Line {
  std::string text;
  screen::Look look = screen::Look::kPlain;
};

// A page in the making: heading and foot are drawn, the body lies between `top` and `bottom`.
struct Canvas {
  screen::Grid grid;
  screen::Charset charset = screen::Charset::kAscii;
  int top = 0, bottom = 0;  // rows; the first of the body, and the one after it
  int hidden_rows = 0;      // what cannot be seen of what scrolls

  int width() const { return grid.columns() - 2; }  // with a column left free at either side
};

inline constexpr int kLeft = 1;

screen::Look look_of(screen::Style style);
// Text of several lines, each a Line.
void add_lines(std::vector<Line>& lines, std::string_view text, screen::Look look = screen::Look::kPlain);
// Draws lines, wrapped, in these rows; `scroll` rows are above them.
void put_scrolled(Canvas& canvas, int top, int bottom, int width, const std::vector<Line>& lines, int scroll);
void put_foot(Canvas& canvas, const std::vector<std::string>& parts);
// What was said since the page is shown, and that the stick is out, above the foot. After put_foot().
void put_news(Canvas& canvas, const Model& model);
// "[ No ]  [ Yes ]" after a question, in one row.
void put_yes_no(Canvas& canvas, int row, const Model& model);

void draw_working(Canvas& canvas, const Model& model);
void draw_key(Canvas& canvas, const Model& model);
void draw_plan(Canvas& canvas, const Model& model);
void draw_verdict(Canvas& canvas, const Model& model);
void draw_menu(Canvas& canvas, const Model& model);
void draw_confirm(Canvas& canvas, const Model& model);
void draw_receipt(Canvas& canvas, const Model& model);
void draw_text(Canvas& canvas, const Model& model);

}  // namespace mend::console
