// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/guid.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace mend {
namespace {
// Which byte of the on-disk form each pair of hexadecimal digits of the text shows.
constexpr std::array<size_t, 16> kTextOrder = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr bool hyphen_before(size_t pair) {
  return pair == 4 || pair == 6 || pair == 8 || pair == 10;
}
}  // namespace

Guid Guid::read(Bytes from, uint64_t offset) {
  Guid guid;
  Bytes field = slice(from, offset, 16);
  std::copy(field.begin(), field.end(), guid.bytes.begin());
  return guid;
}

std::optional<Guid> Guid::parse(std::string_view text) {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() != 36) return std::nullopt;
  Guid guid;
  size_t at = 0;
  for (size_t pair = 0; pair < 16; ++pair) {
    if (hyphen_before(pair) && text[at++] != '-') return std::nullopt;
    const std::string_view digits = text.substr(at, 2);
    if (!std::isxdigit(static_cast<unsigned char>(digits[0])) ||
        !std::isxdigit(static_cast<unsigned char>(digits[1]))) {
      return std::nullopt;
    }
    guid.bytes[kTextOrder[pair]] = from_hex(digits)[0];
    at += 2;
  }
  return guid;
}

std::string Guid::to_string() const {
  std::string text;
  for (size_t pair = 0; pair < 16; ++pair) {
    if (hyphen_before(pair)) text.push_back('-');
    text += to_hex(Bytes(&bytes[kTextOrder[pair]], 1));
  }
  return text;
}

}  // namespace mend
