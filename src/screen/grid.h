// SPDX-License-Identifier: GPL-3.0-or-later
// A page of a full-screen terminal as a value: characters with their looks, in rows and columns. Pages are
// drawn into one, and terminal.h brings it to a terminal; tests read it as text. Knows no terminal.
//
// Invariants
//   GR-1  What would be drawn outside is left out; nothing is ever an error.
//   GR-2  Only printable text gets in (base/text.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "screen/device.h"

namespace mend::screen {

// How text looks. No meaning lies in a colour alone: it stands in the words too. Blue and yellow are told
// apart by nearly everybody; red and green are not.
enum class Look : uint8_t {
  kPlain,
  kStrong,
  kDim,
  kTitle,     // the bars at the top and the bottom
  kSelected,  // where the keys go
  kGood,
  kBad,
  kInk,  // black on white, for what a camera reads
};

// Columns that a character takes: 2 for East Asian wide ones, 0 for marks without a width, else 1.
int columns_of(char32_t character);
int columns_of(std::string_view utf8);

struct Cell {
  char32_t character = U' ';  // 0: the right half of a wide one
  Look look = Look::kPlain;
  bool operator==(const Cell&) const = default;
};

class Grid {
 public:
  explicit Grid(Size size)
      : size_(size), cells_(static_cast<size_t>(size.rows) * static_cast<size_t>(size.columns)) {}

  Size size() const { return size_; }
  int rows() const { return size_.rows; }
  int columns() const { return size_.columns; }
  const Cell& at(int row, int column) const { return cells_[index(row, column)]; }
  // Draws text from that place on; the column after it.
  int put(int row, int column, std::string_view text, Look look = Look::kPlain);
  void put(int row, int column, char32_t character, Look look = Look::kPlain);
  // Text between words over several rows; the row after it. At most `rows` of them; the last one that does
  // not hold all ends in "…".
  int put_wrapped(int row, int column, int width, int rows, std::string_view text, Look look = Look::kPlain);
  // `count` times the character.
  void fill(int row, int column, int count, char32_t character, Look look = Look::kPlain);
  // "[█████░░░░░]": a bar of that many columns; `fraction` from 0 to 1.
  void bar(int row, int column, int width, double fraction, Look look = Look::kPlain);
  // Rows of text without blanks at their ends, each with a line end.
  std::string text() const;

 private:
  size_t index(int row, int column) const {
    return static_cast<size_t>(row) * static_cast<size_t>(size_.columns) + static_cast<size_t>(column);
  }

  Size size_;
  std::vector<Cell> cells_;
};

// What stands for a character on a terminal without Unicode: always one of ASCII.
char ascii_for(char32_t character);

}  // namespace mend::screen
