// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "config/nesting.h"
#include "config/toml.h"

namespace mend::config {

struct Table::Node {
  // Never made: a toml::node behind a name that needs no header of toml++.
  static const Node* from(const toml::node* node) { return reinterpret_cast<const Node*>(node); }
  const toml::node& get() const { return *reinterpret_cast<const toml::node*>(this); }
  const toml::table& table() const { return *get().as_table(); }
};

struct Document::Tree {
  toml::table root;
};

namespace {

Place place(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

std::string type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date-time";
    default:
      return "nothing";
  }
}

void wrong_type(Faults& faults, const std::string& what, const toml::node& node, const char* wanted) {
  faults.add("config.type", place(node.source()),
             fmt::format("{} is {}; it must be {}", what, type_name(node), wanted));
}

// The value of a key that was looked up, if it is of type T.
template <typename T>
std::optional<Found<T>> value_of(Faults& faults, const char* key, const toml::node* node,
                                 const char* wanted) {
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as<T>()) return Found<T>{value->get(), place(value->source())};
  wrong_type(faults, key_name(key), *node, wanted);
  return std::nullopt;
}

bool breaks_the_parser(std::string_view text) {
  try {
    const toml::table ignored = toml::parse(text);
  } catch (const BrokenAssumption&) {
    return true;
  } catch (const toml::parse_error&) {
  }
  return false;
}

// The parser reads from front to back, so the first lines break it once the line that does so is among them.
uint32_t line_that_breaks(std::string_view text) {
  std::vector<size_t> ends;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') ends.push_back(at + 1);
  }
  const auto first = std::partition_point(
      ends.begin(), ends.end(), [&](size_t end) { return !breaks_the_parser(text.substr(0, end)); });
  return static_cast<uint32_t>(first - ends.begin() + 1);
}

toml::table parse_toml(std::string_view text, Faults& faults) {
  if (const auto deep = too_deep(text)) {
    faults.add("config.nesting", *deep, "keys are nested too deeply here");
    faults.throw_if_any();
  }
  try {
    return toml::parse(text);
  } catch (const BrokenAssumption&) {
    faults.add("config.toml", {line_that_breaks(text), 1}, "this line is not TOML");
  } catch (const toml::parse_error& error) {
    faults.add("config.toml", place(error.source()), printable(error.description()));
  }
  faults.throw_if_any();
  return {};
}

}  // namespace

std::string key_name(const char* key) {
  return "'" + std::string(key) + "'";
}

Document::Document(std::string_view text, const std::string& file_name, const char* kind,
                   size_t maximum_bytes)
    : kind_(kind), faults_(printable(file_name)) {
  if (text.size() > maximum_bytes) {
    faults_.add("config.size", {},
                fmt::format("{} may have {} bytes; this one has {}", kind, maximum_bytes, text.size()));
    faults_.throw_if_any();
  }
  tree_ = std::make_unique<Tree>(Tree{parse_toml(text, faults_)});
}

Document::~Document() = default;

Table Document::root() {
  return {Table::Node::from(&tree_->root), kind_, faults_};
}

Table::Table(const Node* node, std::string name, Faults& faults)
    : node_(node), name_(std::move(name)), faults_(&faults), at_(place(node->get().source())) {}

bool Table::has(const char* key) const {
  return node_->table().contains(key);
}

std::vector<std::string> Table::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, node] : node_->table()) keys.emplace_back(key.str());
  return keys;
}

void Table::missing(const char* key) {
  faults_->add("config.key.missing", at_, name_ + " has no " + key_name(key));
}

const Table::Node* Table::find(const char* key) {
  known_.insert(key);
  return Node::from(node_->table().get(key));
}

std::optional<Found<std::string>> Table::string(const char* key, const char* wanted) {
  const Node* node = find(key);
  return value_of<std::string>(*faults_, key, node == nullptr ? nullptr : &node->get(), wanted);
}

std::optional<Found<int64_t>> Table::integer(const char* key) {
  const Node* node = find(key);
  return value_of<int64_t>(*faults_, key, node == nullptr ? nullptr : &node->get(), "an integer");
}

std::optional<Found<bool>> Table::boolean(const char* key) {
  const Node* node = find(key);
  return value_of<bool>(*faults_, key, node == nullptr ? nullptr : &node->get(), "true or false");
}

std::optional<Found<Time>> Table::time(const char* key) {
  const Node* node = find(key);
  const auto found = value_of<toml::date_time>(*faults_, key, node == nullptr ? nullptr : &node->get(),
                                               "a date-time such as 2024-07-19T05:27:00Z");
  if (!found) return std::nullopt;
  const toml::date_time& stated = found->value;
  if (!stated.offset) {
    faults_->add("config.time.offset", found->at,
                 key_name(key) + " has no offset: add Z for UTC, or one such as +02:00");
    return std::nullopt;
  }
  if (stated.date.year < 1678 || stated.date.year > 2261) {
    faults_->add("config.time.range", found->at, key_name(key) + " lies outside the years 1678 to 2261");
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{stated.date.year},
                                         std::chrono::month{stated.date.month},
                                         std::chrono::day{stated.date.day}};
  return Found<Time>{
      Time{std::chrono::sys_days{date}.time_since_epoch()} + std::chrono::hours{stated.time.hour} +
          std::chrono::minutes{stated.time.minute - stated.offset->minutes} +
          std::chrono::seconds{stated.time.second} + std::chrono::nanoseconds{stated.time.nanosecond},
      found->at};
}

std::optional<Found<std::vector<Found<std::string>>>> Table::strings(const char* key) {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* list = node->get().as_array();
  if (list == nullptr) {
    wrong_type(*faults_, key_name(key), node->get(), "an array of strings");
    return std::nullopt;
  }
  Found<std::vector<Found<std::string>>> found{{}, place(list->source())};
  for (const toml::node& item : *list) {
    if (const auto* text = item.as_string()) {
      found.value.push_back({text->get(), place(text->source())});
    } else {
      wrong_type(*faults_, "an entry of " + key_name(key), item, "a string");
    }
  }
  return found;
}

std::optional<Table> Table::table(const char* key, std::string name) {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (node->get().is_table()) return Table(node, std::move(name), *faults_);
  wrong_type(*faults_, key_name(key), node->get(), "a table");
  return std::nullopt;
}

std::optional<Found<std::vector<Table>>> Table::tables(const char* key, const std::string& name) {
  const Node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* list = node->get().as_array();
  if (list == nullptr) {
    wrong_type(*faults_, key_name(key), node->get(),
               fmt::format("an array of tables, each under a line [[{}]]", key).c_str());
    return std::nullopt;
  }
  Found<std::vector<Table>> found{{}, place(list->source())};
  for (const toml::node& item : *list) {
    if (item.is_table()) {
      found.value.push_back(
          Table(Node::from(&item), fmt::format("{} {}", name, found.value.size() + 1), *faults_));
    } else {
      wrong_type(*faults_, "an entry of " + key_name(key), item, "a table");
    }
  }
  return found;
}

std::string Table::text(const char* key, bool required, size_t maximum_bytes) {
  const auto found = string(key);
  if (!found) {
    if (required && !has(key)) missing(key);
    return {};
  }
  if (required && found->value.empty())
    faults_->add("config.text.empty", found->at, key_name(key) + " is empty");
  if (found->value.size() > maximum_bytes) {
    faults_->add("config.text.length", found->at,
                 fmt::format("{} is longer than {} bytes", key_name(key), maximum_bytes));
  }
  if (printable(found->value) != found->value) {
    faults_->add("config.text.control", found->at,
                 key_name(key) + " holds a control or an invisible character");
  }
  return found->value;
}

std::optional<int64_t> Table::integer(const char* key, int64_t minimum, int64_t maximum) {
  const auto found = integer(key);
  if (!found) return std::nullopt;
  if (found->value >= minimum && found->value <= maximum) return found->value;
  faults_->add(
      "config.integer.range", found->at,
      fmt::format("{} is {}; it may be from {} to {}", key_name(key), found->value, minimum, maximum));
  return std::nullopt;
}

void Table::finish() {
  for (const auto& [key, node] : node_->table()) {
    if (known_.count(key.str()) != 0) continue;
    faults_->add("config.key.unknown", place(key.source()),
                 fmt::format("{} knows no key '{}'; it knows {}", name_, printable(key.str()),
                             fmt::join(known_, ", ")));
  }
}

}  // namespace mend::config
