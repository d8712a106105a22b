// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/big_letters.h"

#include <array>
#include <cstdint>

namespace mend::console {
namespace {

constexpr int kColumns = 5, kStep = kColumns + 1;

struct Letter {
  char letter;
  std::array<uint8_t, kBigRows> rows;  // the leftmost column is the highest of five bits
};

// clang-format off
constexpr Letter kLetters[] = {
    {'-', {0b00000, 0b00000, 0b01110, 0b00000, 0b00000}},
    {'0', {0b01110, 0b10011, 0b10101, 0b11001, 0b01110}},
    {'1', {0b00100, 0b01100, 0b00100, 0b00100, 0b01110}},
    {'2', {0b11110, 0b00001, 0b01110, 0b10000, 0b11111}},
    {'3', {0b11110, 0b00001, 0b01110, 0b00001, 0b11110}},
    {'4', {0b10010, 0b10010, 0b11111, 0b00010, 0b00010}},
    {'5', {0b11111, 0b10000, 0b11110, 0b00001, 0b11110}},
    {'6', {0b01110, 0b10000, 0b11110, 0b10001, 0b01110}},
    {'7', {0b11111, 0b00001, 0b00010, 0b00100, 0b00100}},
    {'8', {0b01110, 0b10001, 0b01110, 0b10001, 0b01110}},
    {'9', {0b01110, 0b10001, 0b01111, 0b00001, 0b01110}},
    {'A', {0b01110, 0b10001, 0b11111, 0b10001, 0b10001}},
    {'B', {0b11110, 0b10001, 0b11110, 0b10001, 0b11110}},
    {'C', {0b01111, 0b10000, 0b10000, 0b10000, 0b01111}},
    {'D', {0b11110, 0b10001, 0b10001, 0b10001, 0b11110}},
    {'E', {0b11111, 0b10000, 0b11110, 0b10000, 0b11111}},
    {'F', {0b11111, 0b10000, 0b11110, 0b10000, 0b10000}},
    {'G', {0b01111, 0b10000, 0b10011, 0b10001, 0b01111}},
    {'H', {0b10001, 0b10001, 0b11111, 0b10001, 0b10001}},
    {'I', {0b01110, 0b00100, 0b00100, 0b00100, 0b01110}},
    {'J', {0b00111, 0b00010, 0b00010, 0b10010, 0b01100}},
    {'K', {0b10001, 0b10010, 0b11100, 0b10010, 0b10001}},
    {'L', {0b10000, 0b10000, 0b10000, 0b10000, 0b11111}},
    {'M', {0b10001, 0b11011, 0b10101, 0b10001, 0b10001}},
    {'N', {0b10001, 0b11001, 0b10101, 0b10011, 0b10001}},
    {'O', {0b01110, 0b10001, 0b10001, 0b10001, 0b01110}},
    {'P', {0b11110, 0b10001, 0b11110, 0b10000, 0b10000}},
    {'Q', {0b01110, 0b10001, 0b10101, 0b10010, 0b01101}},
    {'R', {0b11110, 0b10001, 0b11110, 0b10010, 0b10001}},
    {'S', {0b01111, 0b10000, 0b01110, 0b00001, 0b11110}},
    {'T', {0b11111, 0b00100, 0b00100, 0b00100, 0b00100}},
    {'U', {0b10001, 0b10001, 0b10001, 0b10001, 0b01110}},
    {'V', {0b10001, 0b10001, 0b10001, 0b01010, 0b00100}},
    {'W', {0b10001, 0b10001, 0b10101, 0b11011, 0b10001}},
    {'X', {0b10001, 0b01010, 0b00100, 0b01010, 0b10001}},
    {'Y', {0b10001, 0b01010, 0b00100, 0b00100, 0b00100}},
    {'Z', {0b11111, 0b00010, 0b00100, 0b01000, 0b11111}},
};
// clang-format on

}  // namespace

int big_columns(std::string_view word) {
  return static_cast<int>(word.size()) * kStep - 1;
}

void put_big(screen::Grid& grid, int row, int column, std::string_view word, screen::Look look) {
  for (const char c : word) {
    for (const Letter& letter : kLetters) {
      if (letter.letter != c) continue;
      for (int y = 0; y < kBigRows; ++y) {
        for (int x = 0; x < kColumns; ++x) {
          if ((letter.rows[static_cast<size_t>(y)] >> (kColumns - 1 - x)) & 1)
            grid.put(row + y, column + x, U'█', look);
        }
      }
    }
    column += kStep;
  }
}

}  // namespace mend::console
