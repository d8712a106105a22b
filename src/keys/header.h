// SPDX-License-Identifier: GPL-3.0-or-later
// Where a table begins in a text, and what separates its cells. Used by every reader of a table: of keys, of
// hosts, of keys wanted.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "keys/csv_reader.h"

namespace mend::keys {

struct TableStart {
  size_t offset = 0;  // of the header
  size_t line = 1;
  char separator = 0;
};

// `worth` says what the header's row is worth with one of the separators: comma, semicolon, tab, what `sep=`
// in the line before states. The highest counts, the first of equals; nothing when all are 0. Before the
// header there may be empty lines, `sep=;` (Excel) and `#TYPE …` (PowerShell).
std::optional<TableStart> find_table(std::string_view text, const std::function<size_t(const Row&)>& worth);

// After the header, every row that is not empty. REQUIRES: the text is the one that was given to
// find_table().
void read_rows(std::string_view text, const TableStart& start, const CsvReader::OnRow& on_row,
               const CsvReader::OnFault& on_fault);

}  // namespace mend::keys
