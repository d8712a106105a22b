// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/font.h"

#include <linux/kd.h>
#include <sys/ioctl.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mend::console {
namespace {

using std::size_t;

constexpr unsigned kMostGlyphs = 512, kMostWidth = 64, kMostHeight = 128;
constexpr unsigned kOldRows = 32;  // rows of a glyph in the interface of every kernel
constexpr unsigned kSetTall = 4;   // KD_FONT_OP_SET_TALL of Linux 6.2
constexpr int kLeastColumns = 160, kLeastRows = 48;

// A glyph lies in rows of whole bytes, `pitch` of them.
struct Font {
  unsigned width = 0, height = 0, count = 0, pitch = 0;
  std::vector<uint8_t> bits;

  size_t row_bytes() const { return (width + 7) / 8; }
  size_t glyph_bytes() const { return row_bytes() * pitch; }
  bool pixel(unsigned glyph, unsigned x, unsigned y) const {
    return (bits[glyph * glyph_bytes() + y * row_bytes() + x / 8] >> (7 - x % 8)) & 1;
  }
  void set(unsigned glyph, unsigned x, unsigned y) {
    bits[glyph * glyph_bytes() + y * row_bytes() + x / 8] |= static_cast<uint8_t>(0x80 >> (x % 8));
  }
};

bool get(int terminal, Font& font) {
  font.bits.assign(size_t{kMostGlyphs} * kMostWidth / 8 * kMostHeight, 0);
  console_font_op operation{};
  operation.op = KD_FONT_OP_GET;
  operation.width = operation.height = kOldRows;
  operation.charcount = kMostGlyphs;
  operation.data = font.bits.data();
  if (::ioctl(terminal, KDFONTOP, &operation) != 0) return false;
  font.width = operation.width;
  font.height = operation.height;
  font.count = operation.charcount;
  font.pitch = kOldRows;
  return font.width != 0 && font.height != 0 && font.height <= kOldRows && font.count <= kMostGlyphs;
}

bool set(int terminal, Font& font) {
  console_font_op operation{};
  operation.op = KD_FONT_OP_SET;
  if (font.height > kOldRows) operation.op = kSetTall;
  operation.width = font.width;
  operation.height = font.height;
  operation.charcount = font.count;
  operation.data = font.bits.data();
  return ::ioctl(terminal, KDFONTOP, &operation) == 0;
}

Font doubled(const Font& font) {
  Font large;
  large.width = 2 * font.width;
  large.height = 2 * font.height;
  large.count = font.count;
  large.pitch = large.height > kOldRows ? large.height : kOldRows;
  large.bits.assign(large.count * large.glyph_bytes(), 0);
  for (unsigned glyph = 0; glyph < font.count; ++glyph) {
    for (unsigned y = 0; y < large.height; ++y) {
      for (unsigned x = 0; x < large.width; ++x) {
        if (font.pixel(glyph, x / 2, y / 2)) large.set(glyph, x, y);
      }
    }
  }
  return large;
}

bool enlarge_once(int terminal) {
  winsize size{};
  if (::ioctl(terminal, TIOCGWINSZ, &size) != 0 || size.ws_col < kLeastColumns || size.ws_row < kLeastRows)
    return false;
  Font font;
  if (!get(terminal, font) || 2 * font.width > kMostWidth || 2 * font.height > kMostHeight) return false;
  Font large = doubled(font);
  return set(terminal, large);
}

}  // namespace

bool enlarge_font(int terminal) {
  bool larger = false;
  while (enlarge_once(terminal)) larger = true;
  return larger;
}

}  // namespace mend::console
