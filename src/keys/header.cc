// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/header.h"

#include <algorithm>

#include "base/text.h"

namespace mend::keys {
namespace {

constexpr size_t kLongestHeader = size_t{64} * 1024;

struct Line {
  size_t start = 0, end = 0;  // without its end
  size_t number = 1;
};

std::string_view without_quotes(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2)
                                                                       : text;
}

// The first line that is neither empty nor a remark for a program.
std::optional<Line> find_header_line(std::string_view text, char& separator) {
  Line line;
  for (; line.start < text.size(); ++line.number) {
    line.end = std::min(text.find_first_of("\r\n", line.start), text.size());
    const std::string_view content = trim_ascii(text.substr(line.start, line.end - line.start));
    const std::string_view remark = without_quotes(content);
    const bool excel = remark.size() == 5 && lower_ascii(remark.substr(0, 4)) == "sep=";
    if (excel) separator = remark[4];
    if (!content.empty() && !excel && !content.starts_with("#TYPE")) return line;
    line.start = line.end + (text.substr(line.end).starts_with("\r\n") ? 2 : 1);
  }
  return std::nullopt;
}

bool is_empty(const Row& row) {
  for (size_t i = 0; i < row.size(); ++i)
    if (!trim_ascii(row.cell(i)).empty()) return false;
  return true;
}

}  // namespace

std::optional<TableStart> find_table(std::string_view text, const std::function<size_t(const Row&)>& worth) {
  char stated = 0;
  const std::optional<Line> line = find_header_line(text, stated);
  if (!line || line->end - line->start > kLongestHeader) return std::nullopt;
  std::optional<TableStart> best;
  size_t best_worth = 0;
  for (char separator : {',', ';', '\t', stated}) {
    if (separator == 0 || separator == '"') continue;
    CsvReader reader(text.substr(line->start, line->end - line->start), line->number, separator);
    reader.read_all(
        [&](const Row& row, size_t) {
          const size_t this_worth = worth(row);
          if (this_worth <= best_worth) return;
          best_worth = this_worth;
          best = TableStart{line->start, line->number, separator};
        },
        [](size_t, const char*) {});
  }
  return best;
}

void read_rows(std::string_view text, const TableStart& start, const CsvReader::OnRow& on_row,
               const CsvReader::OnFault& on_fault) {
  CsvReader reader(text.substr(start.offset), start.line, start.separator);
  bool first = true;
  reader.read_all(
      [&](const Row& row, size_t line) {
        if (!first && !is_empty(row)) on_row(row, line);
        first = false;
      },
      on_fault);
}

}  // namespace mend::keys
