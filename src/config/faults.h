// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that is wrong with one text, in the order found, each with its place. A parser collects here and
// throws once, so that a preparer sees all mistakes at a time.
#pragma once

#include <string>

#include "base/error.h"
#include "config/place.h"

namespace mend::config {

class Faults {
 public:
  static constexpr size_t kMaximumReported = 50;

  // `file` is put before each place.
  explicit Faults(std::string file) : file_(std::move(file)) {}

  // `id` is a literal, as for Error.
  void add(const char* id, const Place& at, const std::string& text) {
    if (first_id_ == nullptr) first_id_ = id;
    if (++count_ > kMaximumReported) return;
    if (!text_.empty()) text_ += "\n";
    text_ += file_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + text;
  }

  // kUsage with the id of the first and the text of all, one a line.
  void throw_if_any() const {
    if (first_id_ == nullptr) return;
    const std::string more =
        count_ > kMaximumReported ? "\nand " + std::to_string(count_ - kMaximumReported) + " more" : "";
    throw Error(ErrorCode::kUsage, first_id_, text_ + more);
  }

 private:
  std::string file_;
  const char* first_id_ = nullptr;
  size_t count_ = 0;
  std::string text_;
};

}  // namespace mend::config
