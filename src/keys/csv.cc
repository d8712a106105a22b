// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/csv.h"

#include <algorithm>
#include <optional>

#include "keys/columns.h"
#include "keys/header.h"

namespace mend::keys {
namespace {

struct Columns {
  std::optional<size_t> key, id, host, path, date, time, offset, source;
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
  columns.date = first_of(roles, Role::kDate);
  columns.time = first_of(roles, Role::kTime);
  columns.offset = first_of(roles, Role::kOffset);
  columns.source = first_of(roles, Role::kSource);
  columns.known = roles.size() - static_cast<size_t>(std::count(roles.begin(), roles.end(), Role::kNone));
  return columns;
}

std::string_view cell(const Row& row, const std::optional<size_t>& column) {
  return column ? row.cell(*column) : std::string_view();
}

// Date, time and offset, which one export has in three columns.
WipedString date_of(const Row& row, const Columns& columns) {
  WipedString date(cell(row, columns.date));
  if (!date.empty() && columns.time)
    date.append(" ").append(cell(row, columns.time)).append(cell(row, columns.offset));
  return date;
}

}  // namespace

bool read_csv(std::string_view text, Collector& into) {
  std::optional<Columns> columns;
  size_t most = 0;
  const std::optional<TableStart> start = find_table(text, [&](const Row& header) {
    const std::optional<Columns> these = columns_of(header);
    const size_t worth = these ? these->known : 0;
    if (worth > most) columns = these;
    most = std::max(most, worth);
    return worth;
  });
  if (!start) return false;
  read_rows(
      text, *start,
      [&](const Row& row, size_t line) {
        // Also a line of a text whose first line passed for a header.
        if (row.size() < 2) return into.problem(line, "this line is no row of the table: it has one cell");
        const WipedString date = date_of(row, *columns);
        into.add({cell(row, columns->key), cell(row, columns->id), cell(row, columns->host),
                  cell(row, columns->path), date, cell(row, columns->source), line});
      },
      [&](size_t line, const char* what) { into.problem(line, what); });
  return true;
}

}  // namespace mend::keys
