// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/text.h"

#include <cstdio>

#include "base/error.h"

namespace mend {
namespace {

bool is_high(char32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low(char32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

void append_utf8(std::string& out, char32_t c) {
  char bytes[4];
  out.append(bytes, encode_utf8(c, bytes));
}

// C0, DEL, C1, bidirectional and other invisible formatting characters, line and paragraph separators,
// surrogates.
bool is_unprintable(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || (c >= 0xD800 && c < 0xE000) ||
         c == 0xFEFF;
}

}  // namespace

DecodedCharacter decode_utf8(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[at + i])); };
  const char32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xF0 && first < 0xF5   ? 4
                        : first >= 0xE0 && first < 0xF0 ? 3
                        : first >= 0xC2 && first < 0xE0 ? 2
                                                        : 0;
  if (length == 0 || text.size() - at < length) return {0, 0};
  char32_t c = first & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0, 0};
    c = (c << 6) | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && c < 0x800) || (length == 4 && (c < 0x10000 || c > 0x10FFFF));
  return overlong ? DecodedCharacter{0, 0} : DecodedCharacter{c, length};
}

size_t encode_utf8(char32_t c, char* out) {
  const auto put = [&out](char32_t byte) { *out++ = static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) {
    put(c);
    return 1;
  }
  if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
    return 3;
  }
  put(0xF0 | (c >> 18));
  put(0x80 | ((c >> 12) & 0x3F));
  put(0x80 | ((c >> 6) & 0x3F));
  put(0x80 | (c & 0x3F));
  return 4;
}

std::string to_utf8(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char32_t c = text[i];
    if (is_high(c) && i + 1 < text.size() && is_low(text[i + 1])) {
      c = 0x10000 + ((c - 0xD800) << 10) + (text[i + 1] - 0xDC00u);
      ++i;
    }
    append_utf8(out, c);
  }
  return out;
}

std::u16string to_utf16(std::string_view text) {
  std::u16string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const DecodedCharacter d = decode_utf8(text, i);
    if (d.length == 0) {
      throw Error(ErrorCode::kUsage, "base.text.utf8", "not UTF-8 at byte " + std::to_string(i + 1));
    }
    if (d.code_point < 0x10000) {
      out.push_back(static_cast<char16_t>(d.code_point));
    } else {
      out.push_back(static_cast<char16_t>(0xD800 + ((d.code_point - 0x10000) >> 10)));
      out.push_back(static_cast<char16_t>(0xDC00 + ((d.code_point - 0x10000) & 0x3FF)));
    }
    i += d.length;
  }
  return out;
}

std::u16string utf16_from_le(Bytes bytes) {
  if (bytes.size() % 2 != 0) {
    throw Error(ErrorCode::kCorrupt, "base.text.utf16", "a UTF-16 text of an odd number of bytes");
  }
  std::u16string out(bytes.size() / 2, u'\0');
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char16_t>(bytes[2 * i] | (bytes[2 * i + 1] << 8));
  return out;
}

ByteVector utf16_to_le(std::u16string_view text) {
  ByteVector out;
  out.reserve(text.size() * 2);
  for (char16_t unit : text) {
    out.push_back(static_cast<uint8_t>(unit & 0xFF));
    out.push_back(static_cast<uint8_t>(unit >> 8));
  }
  return out;
}

std::string printable(std::string_view utf8) {
  std::string out;
  char escaped[16];
  for (size_t i = 0; i < utf8.size();) {
    const DecodedCharacter d = decode_utf8(utf8, i);
    if (d.length == 0) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(utf8[i]));
      out += escaped;
      ++i;
      continue;
    }
    if (is_unprintable(d.code_point)) {
      std::snprintf(escaped, sizeof escaped, "\\u{%x}", static_cast<unsigned>(d.code_point));
      out += escaped;
    } else {
      out += utf8.substr(i, d.length);
    }
    i += d.length;
  }
  return out;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim_ascii(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace mend
