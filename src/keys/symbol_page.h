// SPDX-License-Identifier: GPL-3.0-or-later
// A page of HTML with secrets on it, as text and for a scanner. Used by what is printed: the sheet of
// recovery keys, the card of a keyring's passphrase.
//
// Invariants
//   SY-1  The text is in memory that is wiped; what the symbols are drawn from is not: the library that makes
//         them knows no such memory.
//   SY-2  What text() is given is text on the page, never markup.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"

namespace mend::keys {

class SymbolPage {
 public:
  void markup(std::string_view text) { out_ += text; }
  void text(std::string_view text);
  // Both as an SVG, black on what is behind them. kUsage of barcode/.
  void code128(std::string_view content);
  void qr(const std::string& content);
  Secret take() const { return Secret(std::string_view(out_)); }

 private:
  void begin_svg(int width, int height, double module_mm);
  void box(int x, int y, int width, int height);

  std::basic_string<char, std::char_traits<char>, WipingAllocator<char>> out_;
};

}  // namespace mend::keys
