// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/csv.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "keys/columns.h"
#include "keys/csv_reader.h"

namespace mend::keys {
namespace {

struct Columns {
  std::optional<size_t> key, id, host, path;
  size_t known = 0;  // columns with a name that means something
};

std::optional<size_t> first_of(const std::vector<Role>& roles, Role role) {
  const auto place = std::find(roles.begin(), roles.end(), role);
  if (place == roles.end()) return std::nullopt;
  return static_cast<size_t>(place - roles.begin());
}

// Nothing when no column holds keys, or there is but one column: a list of plain lines.
std::optional<Columns> columns_of(const Row& header) {
  if (header.size() < 2) return std::nullopt;
  std::vector<Role> roles;
  for (size_t i = 0; i < header.size(); ++i) roles.push_back(role_of(header.cell(i)));
  Columns columns;
  columns.key = first_of(roles, Role::kKey);
  columns.id = first_of(roles, Role::kId);
  if (!columns.key) {
    columns.key = first_of(roles, Role::kVagueKey);
    if (!columns.id) columns.id = first_of(roles, Role::kVagueId);
  }
  if (!columns.key) return std::nullopt;
  columns.host = first_of(roles, Role::kHost);
  if (!columns.host) columns.host = first_of(roles, Role::kVagueHost);
  columns.path = first_of(roles, Role::kPath);
  columns.known = roles.size() - static_cast<size_t>(std::count(roles.begin(), roles.end(), Role::kNone));
  return columns;
}

struct Line {
  size_t start = 0, end = 0;  // without its end
  size_t number = 1;
};

struct Header {
  size_t start = 0;
  size_t line = 1;
  char separator = 0;
  Columns columns;
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

std::optional<Header> find_header(std::string_view text) {
  char stated = 0;
  const std::optional<Line> line = find_header_line(text, stated);
  if (!line || line->end - line->start > 64 * 1024) return std::nullopt;
  std::optional<Header> best;
  for (char separator : {',', ';', '\t', stated}) {
    if (separator == 0 || separator == '"') continue;
    CsvReader reader(text.substr(line->start, line->end - line->start), line->number, separator);
    reader.read_all(
        [&](const Row& row, size_t) {
          const std::optional<Columns> columns = columns_of(row);
          if (columns && (!best || columns->known > best->columns.known))
            best = Header{line->start, line->number, separator, *columns};
        },
        [](size_t, const char*) {});
  }
  return best;
}

}  // namespace

bool read_csv(std::string_view text, Collector& into) {
  const std::optional<Header> header = find_header(text);
  if (!header) return false;
  const Columns& columns = header->columns;
  const auto cell = [](const Row& row, const std::optional<size_t>& column) {
    return column ? row.cell(*column) : std::string_view();
  };
  CsvReader reader(text.substr(header->start), header->line, header->separator);
  bool first = true;
  reader.read_all(
      [&](const Row& row, size_t line) {
        bool empty = true;
        for (size_t i = 0; i < row.size(); ++i) empty = empty && trim_ascii(row.cell(i)).empty();
        if (!first && !empty &&
            row.size() < 2) {  // also a line of a text whose first line passed for a header
          into.problem(line, "this line is no row of the table: it has one cell");
        } else if (!first && !empty) {
          into.add({cell(row, columns.key), cell(row, columns.id), cell(row, columns.host),
                    cell(row, columns.path), line});
        }
        first = false;
      },
      [&](size_t line, const char* what) { into.problem(line, what); });
  return true;
}

}  // namespace mend::keys
