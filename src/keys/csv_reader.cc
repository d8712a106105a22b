// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/csv_reader.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace mend::keys {
namespace {

// libcsv's parser states that matter here: 0 is between rows, 2 is within a cell.
constexpr int kBetweenRows = 0, kWithinCell = 2;

// libcsv's buffer, with its size before it, so that it can be wiped.
constexpr size_t kSizeBytes = alignof(std::max_align_t);

extern "C" void free_wiped(void* buffer) {
  if (buffer == nullptr) return;
  uint8_t* block = static_cast<uint8_t*>(buffer) - kSizeBytes;
  size_t size = 0;
  std::memcpy(&size, block, sizeof size);
  wipe({block, kSizeBytes + size});
  std::free(block);
}

extern "C" void* reallocate_wiped(void* buffer, size_t size) {
  uint8_t* block =
      size > SIZE_MAX - kSizeBytes ? nullptr : static_cast<uint8_t*>(std::malloc(kSizeBytes + size));
  if (block == nullptr) return nullptr;
  std::memcpy(block, &size, sizeof size);
  if (buffer != nullptr) {
    size_t old_size = 0;
    std::memcpy(&old_size, static_cast<uint8_t*>(buffer) - kSizeBytes, sizeof old_size);
    std::memcpy(block + kSizeBytes, buffer, std::min(size, old_size));
    free_wiped(buffer);
  }
  return block + kSizeBytes;
}

}  // namespace

std::string_view Row::cell(size_t number) const {
  if (number >= ends_.size()) return {};
  const size_t start = number == 0 ? 0 : ends_[number - 1];
  return std::string_view(text_).substr(start, ends_[number] - start);
}

CsvReader::CsvReader(std::string_view text, size_t first_line, char separator)
    : text_(text), line_(first_line), separator_(separator) {
  csv_init(&parser_, 0);
}

CsvReader::~CsvReader() {
  csv_free(&parser_);
}

void CsvReader::reset(unsigned char options) {
  csv_free(&parser_);
  if (csv_init(&parser_, options) != 0) throw std::bad_alloc();
  csv_set_realloc_func(&parser_, reallocate_wiped);
  csv_set_free_func(&parser_, free_wiped);
  csv_set_delim(&parser_, static_cast<unsigned char>(separator_));
  row_.text_.clear();
  row_.ends_.clear();
  row_ended_ = false;
}

void CsvReader::on_cell(void* data, size_t size, void* self) noexcept {
  CsvReader& reader = *static_cast<CsvReader*>(self);
  try {
    if (data != nullptr) reader.row_.text_.append(static_cast<const char*>(data), size);
    reader.row_.ends_.push_back(reader.row_.text_.size());
  } catch (...) {
    if (!reader.error_) reader.error_ = std::current_exception();
  }
}

void CsvReader::on_row_end(int, void* self) noexcept {
  static_cast<CsvReader*>(self)->row_ended_ = true;
}

// False when the row is malformed.
bool CsvReader::feed(std::string_view line) {
  const size_t taken = csv_parse(&parser_, line.data(), line.size(), on_cell, on_row_end, this);
  if (error_) std::rethrow_exception(error_);
  if (taken == line.size()) return true;
  if (csv_error(&parser_) != CSV_EPARSE) throw std::bad_alloc();
  return false;
}

bool CsvReader::finish() {
  if (parser_.pstate == kWithinCell && parser_.quoted) return false;
  csv_fini(&parser_, on_cell, on_row_end, this);
  if (error_) std::rethrow_exception(error_);
  return true;
}

// A line that RFC 4180 does not allow may have a quote within a cell that has none around it, as in `15"
// screen`. Such a line counts when it has as many cells as the first one.
bool CsvReader::read_alone(std::string_view line) {
  reset(0);
  return feed(line) && (row_ended_ || finish()) && row_ended_ && row_.size() == columns_;
}

// After the line's end, which is LF, CR LF or CR.
size_t CsvReader::line_end(size_t from) const {
  const size_t end = text_.find_first_of("\r\n", from);
  if (end == std::string_view::npos) return text_.size();
  return end + (text_.substr(end).starts_with("\r\n") ? 2 : 1);
}

void CsvReader::read_all(const OnRow& on_row, const OnFault& on_fault) {
  reset(CSV_STRICT);
  size_t faults = 0, row_start = 0, row_line = line_;
  for (size_t at = 0; at < text_.size();) {
    if (parser_.pstate == kBetweenRows) {
      row_start = at;
      row_line = line_;
    }
    const size_t end = line_end(at);
    bool good = feed(text_.substr(at, end - at));
    if (good && end == text_.size() && !row_ended_) good = finish();
    if (good && end - row_start <= kMaximumRowBytes) {
      at = end;
      ++line_;
    } else {  // on with the line after the one where the row began
      at = line_end(row_start);
      line_ = row_line + 1;
      if (!read_alone(text_.substr(row_start, at - row_start))) {
        on_fault(row_line, "a quote is out of place, or is not closed");
        row_ended_ = false;
        if (++faults == kMaximumFaults)
          return on_fault(line_, "too many quotes out of place; the rest is not read");
      }
    }
    if (row_ended_) {
      if (columns_ == 0) columns_ = row_.size();
      on_row(row_, row_line);
      reset(CSV_STRICT);
    } else if (!good) {
      reset(CSV_STRICT);
    }
  }
}

}  // namespace mend::keys
