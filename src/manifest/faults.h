// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that is wrong with one manifest, in the order found, each with its place in the text. The parser
// collects here and throws once, so that a preparer sees all mistakes at a time (MF-2). Private to this
// folder.
#pragma once

#include <string>

#include "base/error.h"
#include "manifest/path.h"
#include "manifest/toml.h"

namespace mend::manifest {

class Faults {
 public:
  static constexpr size_t kMaximumReported = 50;

  explicit Faults(std::string file) : file_(std::move(file)) {}

  void add(const char* id, const toml::source_position& at, const std::string& text) {
    if (first_id_ == nullptr) first_id_ = id;
    if (++count_ > kMaximumReported) return;
    if (!text_.empty()) text_ += "\n";
    text_ += file_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + text;
  }
  void add(const Fault& fault, const toml::source_position& at) { add(fault.id, at, fault.text); }

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

}  // namespace mend::manifest
