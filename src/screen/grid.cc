// SPDX-License-Identifier: GPL-3.0-or-later
#include "screen/grid.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "screen/lines.h"

namespace mend::screen {
namespace {

struct Range {
  char32_t first, last;
};

// Unicode's East Asian Width W and F, as far as consoles have them.
constexpr std::array<Range, 12> kWide = {{{0x1100, 0x115F},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0x33FF},
                                          {0x3400, 0x4DBF},
                                          {0x4E00, 0x9FFF},
                                          {0xA000, 0xA4CF},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0xFFE0, 0xFFE6},
                                          {0x1F300, 0x1FAFF}}};
// Combining marks and joiners.
constexpr std::array<Range, 9> kNarrow = {{{0x0300, 0x036F},
                                           {0x0483, 0x0489},
                                           {0x0591, 0x05BD},
                                           {0x064B, 0x065F},
                                           {0x0E34, 0x0E3A},
                                           {0x200B, 0x200F},
                                           {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F}}};

template <size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](Range range) { return c >= range.first && c <= range.last; });
}

struct Plain {
  char32_t character;
  char ascii;
};
constexpr std::array<Plain, 16> kDrawn = {{{U'─', '-'},
                                           {U'│', '|'},
                                           {U'█', '#'},
                                           {U'▀', '#'},
                                           {U'▄', '#'},
                                           {U'░', '.'},
                                           {U'•', '*'},
                                           {U'·', '-'},
                                           {U'►', '>'},
                                           {U'…', '.'},
                                           {U'–', '-'},
                                           {U'—', '-'},
                                           {U'’', '\''},
                                           {U'ß', 's'},
                                           {U'œ', 'o'},
                                           {U'€', 'E'}}};
// U+00C0 to U+00FF without their marks.
constexpr std::string_view kLatin = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

}  // namespace

int columns_of(char32_t character) {
  if (character < 0x300) return 1;
  return is_in(kNarrow, character) ? 0 : is_in(kWide, character) ? 2 : 1;
}

int columns_of(std::string_view utf8) {
  int columns = 0;
  for (size_t at = 0; at < utf8.size();) {
    const DecodedCharacter decoded = decode_utf8(utf8, at);
    columns += decoded.length == 0 ? 1 : columns_of(decoded.code_point);
    at += std::max<size_t>(decoded.length, 1);
  }
  return columns;
}

char ascii_for(char32_t character) {
  if (character >= 0x20 && character < 0x7f) return static_cast<char>(character);
  for (const Plain& plain : kDrawn) {
    if (plain.character == character) return plain.ascii;
  }
  if (character >= 0xC0 && character <= 0xFF) return kLatin[character - 0xC0];
  return character == 0xA0 ? ' ' : '?';
}

void Grid::put(int row, int column, char32_t character, Look look) {
  const int width = columns_of(character);
  if (row < 0 || row >= size_.rows || column < 0 || column + width > size_.columns || width == 0) return;
  cells_[index(row, column)] = {character, look};
  if (width == 2) cells_[index(row, column + 1)] = {0, look};
}

int Grid::put(int row, int column, std::string_view text, Look look) {
  const std::string shown = printable(text);
  for (size_t at = 0; at < shown.size();) {
    const DecodedCharacter decoded = decode_utf8(shown, at);
    at += std::max<size_t>(decoded.length, 1);
    if (decoded.length == 0) continue;
    put(row, column, decoded.code_point, look);
    column += columns_of(decoded.code_point);
  }
  return column;
}

int Grid::put_wrapped(int row, int column, int width, int rows, std::string_view text, Look look) {
  if (width < 2 || rows <= 0) return row;
  const std::vector<std::string> lines = wrap(printable(text), static_cast<size_t>(width));
  for (size_t i = 0; i < lines.size() && static_cast<int>(i) < rows; ++i) {
    const bool cut = static_cast<int>(i) + 1 == rows && i + 1 < lines.size();
    put(row, column, lines[i], look);
    if (cut) put(row, column + std::min(columns_of(lines[i]), width - 1), U'…', look);
    ++row;
  }
  return row;
}

void Grid::fill(int row, int column, int count, char32_t character, Look look) {
  for (int i = 0; i < count; ++i) put(row, column + i, character, look);
}

void Grid::bar(int row, int column, int width, double fraction, Look look) {
  const int inner = width - 2;
  if (inner < 1) return;
  const int full = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * inner));
  put(row, column, U'[', look);
  fill(row, column + 1, full, U'█', look);
  fill(row, column + 1 + full, inner - full, U'░', look);
  put(row, column + 1 + inner, U']', look);
}

std::string Grid::text() const {
  std::string all;
  for (int row = 0; row < size_.rows; ++row) {
    std::string line;
    for (int column = 0; column < size_.columns; ++column) {
      const char32_t c = at(row, column).character;
      if (c == 0) continue;
      char bytes[4];
      line.append(bytes, encode_utf8(c, bytes));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    all += line + "\n";
  }
  return all;
}

}  // namespace mend::screen
