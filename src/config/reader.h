// SPDX-License-Identifier: GPL-3.0-or-later
// TOML text → values of the types asked for, with their places: the fence around toml++. Manifests, profiles
// and what an image says of itself are all read through here; what the keys mean is the caller's. No I/O.
//
// Invariants
//   CF-1  Whatever the text, values or faults; no text breaks the parser or exhausts the stack.
//   CF-2  A key that nobody asked for by the time of finish() is a fault, and so is a value of another type;
//         neither is ever skipped.
// A Table refers to its Document, which outlives it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/faults.h"
#include "config/place.h"

namespace mend::config {

template <typename T>
struct Found {
  T value;
  Place at;
};

// One table being read: hands out its keys, and in the end complains about those nobody asked for.
class Table {
 public:
  const Place& at() const { return at_; }
  Faults& faults() const { return *faults_; }
  bool has(const char* key) const;
  // All keys, for a table whose keys are names of something; ask for each.
  std::vector<std::string> keys() const;
  // That a required key is not there is a fault.
  void missing(const char* key);

  // The value, if it is there and of that type; what is of another one is a fault.
  std::optional<Found<std::string>> string(const char* key, const char* wanted = "a string");
  std::optional<Found<int64_t>> integer(const char* key);
  std::optional<Found<bool>> boolean(const char* key);
  // A date-time with an offset, between the years 1678 and 2261.
  std::optional<Found<Time>> time(const char* key);
  std::optional<Found<std::vector<Found<std::string>>>> strings(const char* key);
  // `name` is how messages call it, such as "[manifest]".
  std::optional<Table> table(const char* key, std::string name);
  // An array of tables, called `name` 1, `name` 2, ….
  std::optional<Found<std::vector<Table>>> tables(const char* key, const std::string& name);

  // Printable text of at most that many bytes; empty when it is absent or at fault.
  std::string text(const char* key, bool required, size_t maximum_bytes);
  // Both ends included; nothing when it is absent or at fault.
  std::optional<int64_t> integer(const char* key, int64_t minimum, int64_t maximum);

  void finish();

 private:
  friend class Document;
  struct Node;  // toml++'s
  Table(const Node* node, std::string name, Faults& faults);
  const Node* find(const char* key);

  const Node* node_;
  std::string name_;
  Faults* faults_;
  Place at_;
  std::set<std::string, std::less<>> known_;
};

class Document {
 public:
  // `file_name` is for messages only; `kind` too, such as "a manifest". What is no TOML is thrown at once:
  // kUsage "config.size" above the limit, "config.toml", "config.nesting".
  Document(std::string_view text, const std::string& file_name, const char* kind, size_t maximum_bytes);
  ~Document();
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  Faults& faults() { return faults_; }
  Table root();

 private:
  struct Tree;
  const char* kind_;
  Faults faults_;
  std::unique_ptr<Tree> tree_;
};

// 'key', for messages.
std::string key_name(const char* key);

}  // namespace mend::config
