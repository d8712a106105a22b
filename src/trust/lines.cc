// SPDX-License-Identifier: GPL-3.0-or-later
#include "trust/lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "crypto/base64.h"

namespace mend::trust {

std::vector<std::string_view> split_lines(std::string_view text, size_t count, const std::string& file,
                                          const char* kind) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() <= count) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (end < text.size() && !line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (lines.size() != count)
    throw Error(ErrorCode::kCorrupt, "trust.lines",
                fmt::format("{}:{}: {} has {} lines; this file {}", printable(file),
                            std::min(lines.size() + 1, count + 1), kind, count,
                            lines.size() < count ? "ends before" : "goes on"));
  return lines;
}

std::string comment_of(std::string_view line, std::string_view prefix, const std::string& file, int number) {
  if (!line.starts_with(prefix))
    throw Error(ErrorCode::kCorrupt, "trust.comment",
                fmt::format("{}:{}: the line is to begin with \"{}\"", printable(file), number, prefix));
  std::string comment(line.substr(prefix.size()));
  std::string without_tabs = comment;
  std::erase(without_tabs, '\t');
  if (comment.size() > kMaximumCommentBytes || printable(without_tabs) != without_tabs)
    throw Error(
        ErrorCode::kCorrupt, "trust.comment",
        fmt::format("{}:{}: the comment is too long, or is no printable text", printable(file), number));
  return comment;
}

void decode_line(std::string_view line, MutableBytes out, const std::string& file, int number,
                 const char* kind) {
  if (crypto::from_base64(line, out)) return;
  throw Error(ErrorCode::kCorrupt, "trust.base64",
              fmt::format("{}:{}: this is not {}: the line is to be base 64 of {} bytes", printable(file),
                          number, kind, out.size()));
}

std::string to_base64(Bytes bytes) {
  ByteVector text(crypto::base64_size(bytes.size()) + 1);
  crypto::to_base64(bytes, text);
  return std::string(as_text(text).substr(0, text.size() - 1));
}

}  // namespace mend::trust
