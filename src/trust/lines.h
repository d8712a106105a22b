// SPDX-License-Identifier: GPL-3.0-or-later
// What minisign's three kinds of file have in common: a comment and a line of base 64. Private to trust.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace mend::trust {

inline constexpr std::string_view kUntrusted = "untrusted comment: ";
inline constexpr std::string_view kTrusted = "trusted comment: ";
inline constexpr size_t kMaximumCommentBytes = 8000;  // minisign reads lines of up to 8191

// A text cut into exactly `count` lines, each ended by LF or CR LF, the last one perhaps by the text's end.
// kCorrupt "trust.lines", with file and line. The lines refer to `text`.
std::vector<std::string_view> split_lines(std::string_view text, size_t count, const std::string& file,
                                          const char* kind);
// The comment of a line that begins with `prefix`: printable UTF-8 and tabs. kCorrupt "trust.comment".
std::string comment_of(std::string_view line, std::string_view prefix, const std::string& file, int number);
// kCorrupt "trust.base64", with file and line. Never quotes the line.
void decode_line(std::string_view line, MutableBytes out, const std::string& file, int number,
                 const char* kind);
std::string to_base64(Bytes bytes);

}  // namespace mend::trust
