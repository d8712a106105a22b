// SPDX-License-Identifier: GPL-3.0-or-later
// Rows out of a table's text, by libcsv, which is told apart from the rest here: it counts no lines, and one
// quote that is never closed makes it take the rest of the file for one cell. So it is fed a line at a time,
// and where a row is malformed, reading goes on with the line after the one where that row began.
//
// Invariants
//   CS-1  Cells are in memory that is wiped, libcsv's buffer too.
//   CS-2  Time is in proportion to the text: a row has at most kMaximumRowBytes, and after kMaximumFaults
//   malformed rows
//         reading stops.
#pragma once

#include <csv.h>

#include <exception>
#include <functional>
#include <string_view>
#include <vector>

#include "keys/json_reader.h"

namespace mend::keys {

inline constexpr size_t kMaximumRowBytes = size_t{1024} * 1024;
inline constexpr size_t kMaximumFaults = 100;

// Cells of one row; good until the next row.
class Row {
 public:
  size_t size() const { return ends_.size(); }
  std::string_view cell(size_t number) const;  // empty beyond the last

 private:
  friend class CsvReader;
  WipedString text_;
  std::vector<size_t> ends_;
};

class CsvReader {
 public:
  using OnRow = std::function<void(const Row&, size_t line)>;
  using OnFault = std::function<void(size_t line, const char* what)>;

  // REQUIRES: the text outlives it.
  CsvReader(std::string_view text, size_t first_line, char separator);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // Every row that is not empty, with the number of the line it begins in.
  void read_all(const OnRow& on_row, const OnFault& on_fault);

 private:
  void reset(unsigned char options);
  bool feed(std::string_view line);
  bool finish();
  bool read_alone(std::string_view line);
  size_t line_end(size_t from) const;
  static void on_cell(void* data, size_t size, void* self) noexcept;
  static void on_row_end(int, void* self) noexcept;

  std::string_view text_;
  size_t line_;
  char separator_;
  csv_parser parser_{};
  Row row_;
  bool row_ended_ = false;
  size_t columns_ = 0;        // of the first row
  std::exception_ptr error_;  // out of a callback
};

}  // namespace mend::keys
