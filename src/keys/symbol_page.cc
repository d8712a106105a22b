// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/symbol_page.h"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

#include "barcode/code128.h"
#include "barcode/qr.h"

namespace mend::keys {
namespace {

constexpr int kBarHeight = 40;  // in modules
constexpr double kBarModuleMm = 0.33, kQrModuleMm = 0.8;
constexpr std::string_view kSvgEnd = "\"/></svg>\n";

}  // namespace

void SymbolPage::text(std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out_ += "&amp;";
        break;
      case '<':
        out_ += "&lt;";
        break;
      case '>':
        out_ += "&gt;";
        break;
      case '"':
        out_ += "&quot;";
        break;
      default:
        out_ += c;
    }
  }
}

void SymbolPage::begin_svg(int width, int height, double module_mm) {
  markup(fmt::format(R"(<svg viewBox="0 0 {} {}" width="{:.2f}mm" height="{:.2f}mm"><path d=")", width,
                     height, width * module_mm, height * module_mm));
}

void SymbolPage::box(int x, int y, int width, int height) {
  markup(fmt::format("M{} {}h{}v{}h-{}z", x, y, width, height, width));
}

void SymbolPage::code128(std::string_view content) {
  const std::vector<uint8_t> widths = barcode::code128(content);
  int total = 2 * barcode::kCode128QuietModules;
  for (const uint8_t width : widths) total += width;
  begin_svg(total, kBarHeight, kBarModuleMm);
  int x = barcode::kCode128QuietModules;
  for (size_t i = 0; i < widths.size(); ++i) {
    if (i % 2 == 0) box(x, 0, widths[i], kBarHeight);
    x += widths[i];
  }
  markup(kSvgEnd);
}

void SymbolPage::qr(const std::string& content) {
  const barcode::QrCode code(content, barcode::Correction::kMedium);
  const int side = code.modules() + 2 * barcode::kQrQuietModules;
  begin_svg(side, side, kQrModuleMm);
  for (int y = 0; y < code.modules(); ++y) {
    for (int x = 0; x < code.modules(); ++x)
      if (code.dark(x, y)) box(x + barcode::kQrQuietModules, y + barcode::kQrQuietModules, 1, 1);
  }
  markup(kSvgEnd);
}

}  // namespace mend::keys
