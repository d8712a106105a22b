// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/bytes.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace mend {

void throw_out_of_bounds(uint64_t offset, uint64_t length, uint64_t size) {
  throw Error(ErrorCode::kCorrupt, "base.bytes.bounds",
              "a field of " + std::to_string(length) + " bytes at offset " + std::to_string(offset) +
                  " lies outside its structure of " + std::to_string(size) + " bytes");
}

bool all_zero(Bytes bytes) {
  // Each byte equals the one before it, and the first is zero: memcmp looks at many at a time.
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

bool equal(Bytes a, Bytes b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

std::string to_hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

namespace {
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

ByteVector from_hex(std::string_view text) {
  ByteVector bytes;
  size_t i = 0;
  while (i < text.size()) {
    if (i != 0 && text[i] == ' ') ++i;
    const int high = i < text.size() ? hex_digit(text[i]) : -1;
    const int low = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    if (high < 0 || low < 0) {
      throw Error(ErrorCode::kUsage, "base.hex",
                  "not pairs of hexadecimal digits, at character " + std::to_string(i + 1));
    }
    bytes.push_back(static_cast<uint8_t>(high * 16 + low));
    i += 2;
  }
  return bytes;
}

uint32_t crc32(Bytes bytes) {
  return static_cast<uint32_t>(::crc32_z(0, bytes.data(), bytes.size()));
}

}  // namespace mend
