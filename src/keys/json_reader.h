// SPDX-License-Identifier: GPL-3.0-or-later
// A reader of JSON texts (RFC 8259) that calls a handler, holds nothing and nests no deeper than it is told.
// Used by json.cc; knows nothing of keys.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"

namespace mend::keys {

using WipedString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

class JsonHandler {
 public:
  virtual ~JsonHandler() = default;
  virtual void begin_object(size_t line) = 0;
  virtual void end_object() = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;
  // A member's name; its value follows. Views are good until the handler returns.
  virtual void name(std::string_view text) = 0;
  virtual void string(std::string_view text, size_t line) = 0;
  // Numbers, true, false and null, as written.
  virtual void other(std::string_view text, size_t line) = 0;
};

class JsonReader {
 public:
  // `first_line` is the number of the text's first line. REQUIRES: text and handler outlive it.
  JsonReader(std::string_view text, size_t first_line, size_t maximum_depth, JsonHandler& handler);

  // Reads one value after another up to the text's end. False when it is malformed; then error(), line() and
  // column() tell where and how. The text of the error holds nothing of the input.
  bool read_all();
  const char* error() const { return error_; }
  size_t line() const { return line_; }
  size_t column() const { return at_ - line_start_ + 1; }  // in bytes

 private:
  bool at_end() const { return at_ >= text_.size(); }
  bool fail(const char* what);
  void skip_space();
  bool take(char c);
  bool read_value(size_t depth);
  bool read_object(size_t depth);
  bool read_array(size_t depth);
  bool read_other();
  bool read_string(std::string_view& out);
  bool unescape(WipedString& out);
  bool read_hex(char32_t& out);

  std::string_view text_;
  size_t at_ = 0;
  size_t line_;
  size_t line_start_ = 0;
  size_t maximum_depth_;
  JsonHandler& handler_;
  WipedString scratch_;
  const char* error_ = nullptr;
};

}  // namespace mend::keys
