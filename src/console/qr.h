// SPDX-License-Identifier: GPL-3.0-or-later
// A QR code on a screen of text, for the camera of a telephone: two rows of modules in a row of half blocks,
// or, without Unicode, one module in two blanks.
#pragma once

#include <optional>
#include <string>

#include "barcode/qr.h"
#include "screen/grid.h"
#include "screen/terminal.h"

namespace mend::console {

class Qr {
 public:
  // At the lowest level of error correction that fits the smallest code: screens are sharp. Text of more than
  // 1000 bytes gives none.
  explicit Qr(const std::string& text);

  bool empty() const { return !code_; }
  // What it takes on a screen, with its quiet zone.
  screen::Size size(screen::Charset charset) const;
  void draw(screen::Grid& grid, int row, int column, screen::Charset charset) const;

 private:
  bool dark(int x, int y) const;

  std::optional<barcode::QrCode> code_;
};

}  // namespace mend::console
