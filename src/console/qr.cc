// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/qr.h"

namespace mend::console {
namespace {

constexpr int kQuiet = 2;  // modules; the standard's four do not fit 25 rows, and cameras take two
constexpr size_t kLongest = 1000;

}  // namespace

Qr::Qr(const std::string& text) {
  if (!text.empty() && text.size() <= kLongest) code_.emplace(text, barcode::Correction::kLow);
}

bool Qr::dark(int x, int y) const {
  return code_ && code_->dark(x, y);
}

screen::Size Qr::size(screen::Charset charset) const {
  const int side = (code_ ? code_->modules() : 0) + 2 * kQuiet;
  if (charset == screen::Charset::kAscii) return {side, 2 * side};
  return {(side + 1) / 2, side};
}

// Ink is black on white. Without half blocks a dark module is the terminal's own ground, which is dark.
void Qr::draw(screen::Grid& grid, int row, int column, screen::Charset charset) const {
  const screen::Size area = size(charset);
  for (int y = 0; y < area.rows; ++y) {
    for (int x = 0; x < area.columns; ++x) {
      if (charset == screen::Charset::kAscii) {
        const bool module = dark(x / 2 - kQuiet, y - kQuiet);
        grid.put(row + y, column + x, U' ', module ? screen::Look::kPlain : screen::Look::kInk);
        continue;
      }
      const bool upper = dark(x - kQuiet, 2 * y - kQuiet), lower = dark(x - kQuiet, 2 * y + 1 - kQuiet);
      const char32_t block = upper && lower ? U'█' : upper ? U'▀' : lower ? U'▄' : U' ';
      grid.put(row + y, column + x, block, screen::Look::kInk);
    }
  }
}

}  // namespace mend::console
