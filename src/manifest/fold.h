// SPDX-License-Identifier: GPL-3.0-or-later
// Names with the case of their letters taken away, for comparing with the protected list, whose names are
// ASCII. For that it may fold more than a volume's upcase table does, never less: the dotless i, the long s
// and the Kelvin sign count as the letters that some tables map them to.
#pragma once

#include <string>
#include <string_view>

namespace mend::manifest {

constexpr char16_t folded(char16_t c) {
  if (c >= u'a' && c <= u'z') return static_cast<char16_t>(c - u'a' + u'A');
  if (c == 0x0131) return u'I';
  if (c == 0x017F) return u'S';
  if (c == 0x212A) return u'K';
  return c;
}

inline std::u16string folded(std::u16string_view text) {
  std::u16string out(text);
  for (char16_t& c : out) c = folded(c);
  return out;
}

}  // namespace mend::manifest
