// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/json_reader.h"

#include "base/text.h"

namespace mend::keys {

JsonReader::JsonReader(std::string_view text, size_t first_line, size_t maximum_depth, JsonHandler& handler)
    : text_(text), line_(first_line), maximum_depth_(maximum_depth), handler_(handler) {}

bool JsonReader::read_all() {
  for (skip_space(); !at_end(); skip_space()) {
    if (!read_value(0)) return false;
    skip_space();
    if (!at_end() && text_[at_] == ',') return fail("a value is followed by a comma, outside of any list");
  }
  return true;
}

bool JsonReader::fail(const char* what) {
  if (error_ == nullptr) error_ = what;
  return false;
}

void JsonReader::skip_space() {
  for (; !at_end(); ++at_) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      line_start_ = at_ + 1;
    } else if (c != ' ' && c != '\t' && c != '\r') {
      return;
    }
  }
}

bool JsonReader::take(char c) {
  if (at_end() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonReader::read_value(size_t depth) {
  if (at_end()) return fail("the text ends where a value was to come");
  switch (text_[at_]) {
    case '{':
      return read_object(depth + 1);
    case '[':
      return read_array(depth + 1);
    case '"': {
      std::string_view text;
      const size_t line = line_;
      if (!read_string(text)) return false;
      handler_.string(text, line);
      return true;
    }
    default:
      return read_other();
  }
}

bool JsonReader::read_object(size_t depth) {
  if (depth > maximum_depth_) return fail("values are nested too deeply");
  handler_.begin_object(line_);
  ++at_;
  skip_space();
  if (!take('}')) {
    do {
      skip_space();
      std::string_view name;
      if (at_end() || text_[at_] != '"') return fail("the name of a member was to come, in quotes");
      if (!read_string(name)) return false;
      handler_.name(name);
      skip_space();
      if (!take(':')) return fail("a colon was to come");
      skip_space();
      if (!read_value(depth)) return false;
      skip_space();
    } while (take(','));
    if (!take('}')) return fail(at_end() ? "the text ends within an object" : "a comma or '}' was to come");
  }
  handler_.end_object();
  return true;
}

bool JsonReader::read_array(size_t depth) {
  if (depth > maximum_depth_) return fail("values are nested too deeply");
  handler_.begin_array();
  ++at_;
  skip_space();
  if (!take(']')) {
    do {
      skip_space();
      if (!read_value(depth)) return false;
      skip_space();
    } while (take(','));
    if (!take(']')) return fail(at_end() ? "the text ends within a list" : "a comma or ']' was to come");
  }
  handler_.end_array();
  return true;
}

// Not looked at closely: nothing here hangs on a number's form.
bool JsonReader::read_other() {
  const size_t start = at_;
  const auto part = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '+' || c == '-' || c == '.';
  };
  while (!at_end() && part(text_[at_])) ++at_;
  const std::string_view word = text_.substr(start, at_ - start);
  const bool number = !word.empty() && (word[0] == '-' || (word[0] >= '0' && word[0] <= '9'));
  if (!number && word != "true" && word != "false" && word != "null") {
    at_ = start;
    return fail("a value was to come");
  }
  handler_.other(word, line_);
  return true;
}

bool JsonReader::read_string(std::string_view& out) {
  const size_t start = ++at_;  // over the quote
  bool escaped = false;
  for (; !at_end() && text_[at_] != '"'; ++at_) {
    if (static_cast<unsigned char>(text_[at_]) < 0x20) return fail("a string is not closed on its line");
    if (text_[at_] != '\\') continue;
    escaped = true;
    if (++at_ >= text_.size()) break;
  }
  if (at_end()) return fail("the text ends within a string");
  const size_t end = at_;
  if (!escaped) {
    out = text_.substr(start, end - start);
  } else {
    scratch_.clear();
    scratch_.reserve(end - start);
    for (at_ = start; at_ < end;) {
      if (text_[at_] != '\\') {
        scratch_.push_back(text_[at_++]);
      } else if (!unescape(scratch_)) {
        return false;
      }
    }
    out = scratch_;
  }
  at_ = end + 1;
  return true;
}

// At a backslash; read_string has seen that the string goes on.
bool JsonReader::unescape(WipedString& out) {
  const char kind = text_[at_ + 1];
  at_ += 2;
  constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
  if (const size_t place = kFrom.find(kind); place != std::string_view::npos) {
    out.push_back(kTo[place]);
    return true;
  }
  char32_t unit = 0;
  if (kind != 'u' || !read_hex(unit))
    return fail("a backslash is followed by something that it cannot escape");
  if (unit >= 0xD800 && unit < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
    char32_t low = 0;
    at_ += 2;
    if (!read_hex(low)) return fail("\\u is not followed by four hexadecimal digits");
    unit = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
  }
  if (unit >= 0xD800 && unit < 0xE000) unit = 0xFFFD;
  char bytes[4];
  out.append(bytes, encode_utf8(unit, bytes));
  return true;
}

bool JsonReader::read_hex(char32_t& out) {
  if (text_.size() - at_ < 4) return false;
  out = 0;
  for (size_t i = 0; i < 4; ++i) {
    const char c = text_[at_++];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return false;
    out = out * 16 + static_cast<char32_t>(digit);
  }
  return true;
}

}  // namespace mend::keys
