// SPDX-License-Identifier: GPL-3.0-or-later
// Where every reader of a format puts what it found: checks keys, pairs them with their IDs, words what is
// wrong. Owns nothing: writes into the credentials and the report it was given.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bitlocker/keys.h"
#include "keys/keys.h"

namespace mend::keys {

// A row of a table or an object of JSON, as text. Views into memory that outlives the call.
struct Entry {
  std::string_view key;
  std::string_view id;
  std::string_view host;
  std::string_view path;  // a distinguished name
  std::string_view date;
  std::string_view source;  // the word of the normalised table, or anything
  size_t line = 0;
};

class Collector {
 public:
  Collector(std::string file, bitlocker::KeySource source, bitlocker::Credentials& into, ImportReport& report)
      : file_(std::move(file)), source_(source), into_(into), report_(report) {}

  // One recovery password; host, date and line are the entry's. A wrong one becomes a problem of that line.
  void add(std::string_view key, const std::optional<Guid>& id, const Entry& entry);
  // All keys of a cell. A cell that holds none becomes a problem that says what it holds instead.
  void add(const Entry& entry);
  void add(bitlocker::StartupKey key);

  void problem(size_t line, std::string why, size_t column = 0);
  // The same at most once for a file.
  void problem_once(const char* topic, size_t line, std::string why);

 private:
  void add_list(const Entry& entry);
  void explain_no_key(const Entry& entry);
  std::optional<Guid> id_of(const Entry& entry);

  std::string file_;
  bitlocker::KeySource source_;
  bitlocker::Credentials& into_;
  ImportReport& report_;
  std::vector<const char*> said_;
  bool inside_cell_ = false;  // JSON in a cell holds no cell with JSON
};

}  // namespace mend::keys
