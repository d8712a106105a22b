// SPDX-License-Identifier: GPL-3.0-or-later
// UTF-8 and UTF-16. NTFS names are sequences of 16-bit units and may hold unpaired surrogates; those become
// three-byte sequences (WTF-8), so that every name has one text and every text leads back to its name.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mend {

// One character of UTF-8 (or WTF-8) text.
struct DecodedCharacter {
  char32_t code_point = 0;
  size_t length = 0;  // in bytes; 0: not UTF-8 here
};
// REQUIRES: at < text.size().
DecodedCharacter decode_utf8(std::string_view text, size_t at);
// Writes up to 4 bytes; how many. Nothing is allocated, so that text that is a secret stays where it is.
size_t encode_utf8(char32_t code_point, char* out);

std::string to_utf8(std::u16string_view text);
// kUsage on bytes that are no UTF-8 (WTF-8 surrogates are taken).
std::u16string to_utf16(std::string_view text);
// Little-endian 16-bit units; an odd last byte is kCorrupt.
std::u16string utf16_from_le(Bytes bytes);
ByteVector utf16_to_le(std::u16string_view text);
// Text from an untrusted source made fit for one line of a terminal or a log: control characters,
// bidirectional marks and invalid UTF-8 become \xNN or \u{NNNN}.
std::string printable(std::string_view utf8);
// ASCII only.
std::string lower_ascii(std::string_view text);
std::string_view trim_ascii(std::string_view text);

}  // namespace mend
