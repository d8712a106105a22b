// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/decode.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace mend::keys {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

enum class Encoding { kUtf8, kUtf16Little, kUtf16Big, kWindows1252 };

bool starts_with(Bytes content, std::initializer_list<uint8_t> mark) {
  return content.size() >= mark.size() && std::equal(mark.begin(), mark.end(), content.begin());
}

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = decode_utf8(text, at).length;
    if (length == 0) return false;
    at += length;
  }
  return true;
}

// ASCII as UTF-16 without a mark: every other byte of the first ones is zero.
bool looks_like_utf16(Bytes content, size_t zero_at) {
  const size_t looked_at = std::min<size_t>(content.size(), 32) / 2 * 2;
  for (size_t i = 0; i < looked_at; ++i)
    if ((content[i] == 0) != (i % 2 == zero_at)) return false;
  return looked_at >= 8;
}

// Bytes 0x80 to 0x9F, where Windows-1252 differs from Latin-1.
constexpr std::array<char16_t, 32> kWindows1252 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

template <typename Use>
void for_each_windows_1252(Bytes content, Use use) {
  for (uint8_t byte : content)
    use(byte >= 0x80 && byte < 0xA0 ? char32_t{kWindows1252[byte - 0x80]} : char32_t{byte});
}

template <typename Use>
void for_each_utf16(Bytes content, bool big_endian, Use use) {
  const auto unit = [&](size_t at) -> char32_t {
    return static_cast<char32_t>(content[at + (big_endian ? 1 : 0)] |
                                 (content[at + (big_endian ? 0 : 1)] << 8));
  };
  const size_t end = content.size() / 2 * 2;
  for (size_t at = 0; at < end; at += 2) {
    const char32_t first = unit(at);
    const char32_t second = at + 2 < end ? unit(at + 2) : 0;
    if (first >= 0xD800 && first < 0xDC00 && second >= 0xDC00 && second < 0xE000) {
      use(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
      at += 2;
    } else {
      use(first >= 0xD800 && first < 0xE000 ? kReplacement : first);
    }
  }
  if (end != content.size()) use(kReplacement);  // half a character
}

template <typename Use>
void for_each_character(Bytes content, Encoding encoding, Use use) {
  if (encoding == Encoding::kWindows1252) return for_each_windows_1252(content, use);
  for_each_utf16(content, encoding == Encoding::kUtf16Big, use);
}

// Finds the encoding and takes the mark off.
Encoding tell_encoding(Bytes& content) {
  if (starts_with(content, {0xEF, 0xBB, 0xBF})) {
    content = content.subspan(3);
  } else if (starts_with(content, {0xFF, 0xFE})) {
    content = content.subspan(2);
    return Encoding::kUtf16Little;
  } else if (starts_with(content, {0xFE, 0xFF})) {
    content = content.subspan(2);
    return Encoding::kUtf16Big;
  } else if (looks_like_utf16(content, 1)) {
    return Encoding::kUtf16Little;
  } else if (looks_like_utf16(content, 0)) {
    return Encoding::kUtf16Big;
  }
  return is_utf8(as_text(content)) ? Encoding::kUtf8 : Encoding::kWindows1252;
}

}  // namespace

DecodedText::DecodedText(Bytes content) {
  const Encoding encoding = tell_encoding(content);
  if (encoding == Encoding::kUtf8) {
    text_ = as_text(content);
    return;
  }
  size_t size = 0;
  char scratch[4];
  for_each_character(content, encoding, [&](char32_t c) { size += encode_utf8(c, scratch); });
  wipe({reinterpret_cast<uint8_t*>(scratch), sizeof scratch});
  converted_ = Secret(size);
  char* out = reinterpret_cast<char*>(converted_.bytes().data());
  for_each_character(content, encoding, [&](char32_t c) { out += encode_utf8(c, out); });
  text_ = converted_.text();
}

}  // namespace mend::keys
