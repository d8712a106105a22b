// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "manifest/faults.h"
#include "manifest/manifest.h"
#include "manifest/nesting.h"
#include "manifest/path.h"
#include "manifest/protected.h"
#include "manifest/toml.h"

namespace mend::manifest {
namespace {

constexpr size_t kMaximumIdLength = 64;
constexpr size_t kMaximumTitleBytes = 1000;
constexpr size_t kMaximumHeaderBytes = 4096;
constexpr size_t kMaximumDigests = 10000;
constexpr int64_t kMaximumMatchesLimit = 1000000;

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

// One table being read: hands out its keys, and in the end complains about those nobody asked for.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string name, Faults& faults)
      : table_(table), name_(std::move(name)), faults_(faults) {}

  const toml::source_position& position() const { return table_.source().begin; }
  Faults& faults() const { return faults_; }

  // The value, if it is there and of the type wanted; what is not is a fault.
  template <typename T>
  const toml::value<T>* optional(const char* key, const char* wanted) {
    const toml::node* node = find(key);
    if (node == nullptr) return nullptr;
    const auto* value = node->as<T>();
    if (value == nullptr) wrong_type(key, *node, wanted);
    return value;
  }
  const toml::array* optional_array(const char* key, const char* wanted) {
    const toml::node* node = find(key);
    if (node != nullptr && !node->is_array()) wrong_type(key, *node, wanted);
    return node == nullptr ? nullptr : node->as_array();
  }
  const toml::table* optional_table(const char* key) {
    const toml::node* node = find(key);
    if (node != nullptr && !node->is_table()) wrong_type(key, *node, "a table");
    return node == nullptr ? nullptr : node->as_table();
  }
  bool has(const char* key) const { return table_.contains(key); }
  void missing(const char* key) {
    faults_.add("manifest.key.missing", position(), name_ + " has no '" + key + "'");
  }

  std::string text(const char* key, bool required, size_t maximum_bytes) {
    const auto* value = optional<std::string>(key, "a string");
    if (value == nullptr) {
      if (required && !has(key)) missing(key);
      return {};
    }
    const std::string& text = value->get();
    const auto& at = value->source().begin;
    if (required && text.empty()) faults_.add("manifest.text.empty", at, quoted(key) + " is empty");
    if (text.size() > maximum_bytes) {
      faults_.add("manifest.text.length", at,
                  quoted(key) + " is longer than " + std::to_string(maximum_bytes) + " bytes");
    }
    if (printable(text) != text) {
      faults_.add("manifest.text.control", at, quoted(key) + " holds a control or an invisible character");
    }
    return text;
  }

  std::optional<int64_t> integer(const char* key, int64_t minimum, int64_t maximum) {
    const auto* value = optional<int64_t>(key, "an integer");
    if (value == nullptr) return std::nullopt;
    if (value->get() >= minimum && value->get() <= maximum) return value->get();
    faults_.add("manifest.integer.range", value->source().begin,
                quoted(key) + " is " + std::to_string(value->get()) + "; it may be from " +
                    std::to_string(minimum) + " to " + std::to_string(maximum));
    return std::nullopt;
  }

  void finish() {
    for (const auto& [key, node] : table_) {
      if (known_.count(key.str()) != 0) continue;
      std::string list;
      for (std::string_view known : known_) list += (list.empty() ? "" : ", ") + std::string(known);
      faults_.add("manifest.key.unknown", key.source().begin,
                  name_ + " knows no key '" + printable(key.str()) + "'; it knows " + list);
    }
  }

  static std::string quoted(const char* key) { return "'" + std::string(key) + "'"; }

 private:
  const toml::node* find(const char* key) {
    known_.insert(key);
    return table_.get(key);
  }
  void wrong_type(const char* key, const toml::node& node, const char* wanted) {
    faults_.add("manifest.type", node.source().begin,
                quoted(key) + " is " + type_name(node) + "; it must be " + wanted);
  }

  const toml::table& table_;
  std::string name_;
  Faults& faults_;
  std::set<std::string_view> known_;
};

// An id goes into logs and file names.
std::string read_id(TableReader& table) {
  const auto* value = table.optional<std::string>("id", "a string");
  if (value == nullptr) {
    if (!table.has("id")) table.missing("id");
    return {};
  }
  const std::string& id = value->get();
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (id.empty() || id.size() > kMaximumIdLength || !std::all_of(id.begin(), id.end(), plain) ||
      id[0] == '.') {
    table.faults().add("manifest.id", value->source().begin,
                       "'id' must be 1 to 64 of the characters A-Z a-z 0-9 - _ . and not start with a dot");
  }
  return id;
}

std::optional<Time> read_time(TableReader& table, const char* key) {
  const auto* value = table.optional<toml::date_time>(key, "a date-time such as 2024-07-19T05:27:00Z");
  if (value == nullptr) return std::nullopt;
  const toml::date_time& stated = value->get();
  if (!stated.offset) {
    table.faults().add("manifest.time.offset", value->source().begin,
                       TableReader::quoted(key) + " has no offset: add Z for UTC, or one such as +02:00");
    return std::nullopt;
  }
  if (stated.date.year < 1678 || stated.date.year > 2261) {
    table.faults().add("manifest.time.range", value->source().begin,
                       TableReader::quoted(key) + " lies outside the years 1678 to 2261");
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{stated.date.year},
                                         std::chrono::month{stated.date.month},
                                         std::chrono::day{stated.date.day}};
  return Time{std::chrono::sys_days{date}.time_since_epoch()} + std::chrono::hours{stated.time.hour} +
         std::chrono::minutes{stated.time.minute - stated.offset->minutes} +
         std::chrono::seconds{stated.time.second} + std::chrono::nanoseconds{stated.time.nanosecond};
}

template <typename T>
void check_range(TableReader& table, const char* id, const char* low_key, const std::optional<T>& low,
                 const char* high_key, const std::optional<T>& high, bool may_be_equal) {
  if (!low || !high || *low < *high || (may_be_equal && *low == *high)) return;
  table.faults().add(
      id, table.position(),
      TableReader::quoted(low_key) + " and " + TableReader::quoted(high_key) + " leave nothing between them");
}

void read_header(TableReader& table, Conditions& when) {
  const auto* value =
      table.optional<std::string>("header", "a string of hexadecimal bytes, such as \"AA 01\"");
  if (value == nullptr) return;
  const auto& at = value->source().begin;
  try {
    when.header = from_hex(value->get());
  } catch (const Error& error) {
    table.faults().add("manifest.header.hex", at, std::string("'header' is ") + error.what());
    return;
  }
  if (when.header->empty() || when.header->size() > kMaximumHeaderBytes) {
    table.faults().add("manifest.header.length", at, "'header' must have 1 to 4096 bytes");
  }
}

void read_digests(TableReader& table, Conditions& when) {
  const auto* list = table.optional_array("sha256", "an array of strings");
  if (list == nullptr) return;
  if (list->empty() || list->size() > kMaximumDigests) {
    table.faults().add("manifest.sha256.count", list->source().begin,
                       "'sha256' must have 1 to 10000 entries");
    return;
  }
  std::set<crypto::Sha256Digest> seen;
  for (const toml::node& node : *list) {
    const auto& at = node.source().begin;
    const auto* text = node.as_string();
    if (text == nullptr) {
      table.faults().add("manifest.type", at,
                         "an entry of 'sha256' is " + type_name(node) + "; it must be a string");
      continue;
    }
    crypto::Sha256Digest digest{};
    const std::string& digits = text->get();
    const bool hex = std::all_of(digits.begin(), digits.end(),
                                 [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
    if (!hex || digits.size() != 2 * digest.size()) {
      table.faults().add("manifest.sha256.digest", at, "a SHA-256 has 64 hexadecimal digits");
      continue;
    }
    const ByteVector bytes = from_hex(digits);
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    if (!seen.insert(digest).second) {
      table.faults().add("manifest.sha256.twice", at, "this SHA-256 is in the list already");
      continue;
    }
    when.sha256.push_back(digest);
  }
}

template <typename T>
std::optional<T> as_unsigned(std::optional<int64_t> value) {
  if (!value) return std::nullopt;
  return static_cast<T>(*value);
}

Conditions read_conditions(const toml::table& source, const std::string& name, Faults& faults) {
  TableReader table(source, name, faults);
  Conditions when;
  read_header(table, when);
  when.size_min = as_unsigned<uint64_t>(table.integer("size_min", 0, INT64_MAX));
  when.size_max = as_unsigned<uint64_t>(table.integer("size_max", 0, INT64_MAX));
  when.modified_after = read_time(table, "modified_after");
  when.modified_before = read_time(table, "modified_before");
  when.created_after = read_time(table, "created_after");
  when.created_before = read_time(table, "created_before");
  read_digests(table, when);
  when.build_min = as_unsigned<uint32_t>(table.integer("build_min", 0, UINT32_MAX));
  when.build_max = as_unsigned<uint32_t>(table.integer("build_max", 0, UINT32_MAX));
  check_range(table, "manifest.size.range", "size_min", when.size_min, "size_max", when.size_max, true);
  check_range(table, "manifest.time.empty", "modified_after", when.modified_after, "modified_before",
              when.modified_before, false);
  check_range(table, "manifest.time.empty", "created_after", when.created_after, "created_before",
              when.created_before, false);
  check_range(table, "manifest.build.range", "build_min", when.build_min, "build_max", when.build_max, true);
  table.finish();
  return when;
}

void read_action(TableReader& table, Rule& rule) {
  const auto* value = table.optional<std::string>("action", "a string");
  if (value == nullptr) {
    if (!table.has("action")) table.missing("action");
    return;
  }
  for (Action action : {Action::kDelete, Action::kRename, Action::kQuarantine}) {
    if (value->get() == to_string(action)) {
      rule.action = action;
      return;
    }
  }
  table.faults().add(
      "manifest.action", value->source().begin,
      "there is no action '" + printable(value->get()) + "'; there are delete, rename and quarantine");
}

// Is there something in the way that only allow_protected, or nothing at all, can move out of it?
void check_protected(Faults& faults, const toml::source_position& at, const Rule& rule,
                     const std::vector<std::u16string>& names, const char* what) {
  const Protected found = could_match(names);
  if (found.level == Protection::kNever) {
    faults.add("manifest.protected.never", at,
               std::string(what) + " could be " + found.entry +
                   ", which NTFS or BitLocker keeps for itself: no rule may touch it");
  } else if (found.level == Protection::kStartup && !rule.allow_protected) {
    faults.add("manifest.protected", at,
               std::string(what) + " could be " + found.entry +
                   ", without which Windows may not start; narrow it, or say allow_protected = true");
  }
}

void read_path(TableReader& table, Rule& rule) {
  const auto* value = table.optional<std::string>("path", "a string");
  if (value == nullptr) {
    if (!table.has("path")) table.missing("path");
    return;
  }
  const auto& at = value->source().begin;
  rule.path_text = value->get();
  PathResult path = parse_path(rule.path_text);
  if (path.fault) return table.faults().add(*path.fault, at);
  rule.components = std::move(path.components);
  check_protected(table.faults(), at, rule, rule.components, "what the path matches");
}

// REQUIRES: action, path and max_matches were read.
void read_new_name(TableReader& table, Rule& rule) {
  const auto* value = table.optional<std::string>("new_name", "a string");
  if (rule.action != Action::kRename) {
    if (value != nullptr) {
      table.faults().add("manifest.new_name.action", value->source().begin,
                         "'new_name' belongs to action = \"rename\" only");
    }
    return;
  }
  if (value == nullptr) {
    if (!table.has("new_name")) table.missing("new_name");
    return;
  }
  const auto& at = value->source().begin;
  NameResult name = parse_new_name(value->get());
  if (name.fault) return table.faults().add(*name.fault, at);
  rule.new_name = std::move(name.name);
  if (rule.components.empty()) return;
  if (same_name(rule.components.back(), rule.new_name)) {
    table.faults().add("manifest.new_name.same", at, "the new name is the old one");
  }
  if (has_wildcard(rule.components.back()) && rule.max_matches > 1) {
    table.faults().add(
        "manifest.new_name.several", at,
        "the path's last component has a wildcard, and all files it matches would get this one name: "
        "write it without, or say max_matches = 1");
  }
  check_protected(table.faults(), at, rule, rename_target(rule), "the file's new name");
}

Rule read_rule(const toml::table& source, size_t number, Faults& faults) {
  TableReader table(source, "rule " + std::to_string(number), faults);
  Rule rule;
  rule.line = static_cast<int>(table.position().line);
  rule.column = static_cast<int>(table.position().column);
  rule.id = read_id(table);
  read_action(table, rule);
  if (const auto* allowed = table.optional<bool>("allow_protected", "true or false")) {
    rule.allow_protected = allowed->get();
  }
  if (const auto limit = table.integer("max_matches", 1, kMaximumMatchesLimit)) {
    rule.max_matches = static_cast<uint32_t>(*limit);
  }
  read_path(table, rule);
  read_new_name(table, rule);
  if (const toml::table* when = table.optional_table("when")) {
    rule.when = read_conditions(*when, "'when' of rule " + std::to_string(number), faults);
  }
  table.finish();
  return rule;
}

void read_manifest_table(TableReader& root, Manifest& manifest) {
  const toml::table* source = root.optional_table("manifest");
  if (source == nullptr) {
    if (!root.has("manifest")) root.missing("manifest");
    return;
  }
  TableReader table(*source, "[manifest]", root.faults());
  manifest.id = read_id(table);
  if (!table.has("version")) table.missing("version");
  manifest.version = table.integer("version", 1, INT64_MAX).value_or(0);
  manifest.title = table.text("title", true, kMaximumTitleBytes);
  manifest.source = table.text("source", false, kMaximumTitleBytes);
  table.finish();
}

void read_rules(TableReader& root, Manifest& manifest) {
  const toml::array* rules = root.optional_array("rule", "an array of tables, each under a line [[rule]]");
  if (rules == nullptr && root.has("rule")) return;
  if (rules == nullptr || rules->empty()) {
    root.faults().add("manifest.rule.none", root.position(), "the manifest has no [[rule]]");
    return;
  }
  if (rules->size() > kMaximumRules) {
    root.faults().add("manifest.rule.count", rules->source().begin,
                      "the manifest has more than " + std::to_string(kMaximumRules) + " rules");
    return;
  }
  std::set<std::string> ids;
  for (const toml::node& node : *rules) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      root.faults().add("manifest.type", node.source().begin,
                        "a rule is " + type_name(node) + "; it must be a table");
      continue;
    }
    manifest.rules.push_back(read_rule(*table, manifest.rules.size() + 1, root.faults()));
    const std::string& id = manifest.rules.back().id;
    if (!id.empty() && !ids.insert(lower_ascii(id)).second) {
      root.faults().add("manifest.rule.twice", table->get("id")->source().begin,
                        "there is another rule with the id '" + printable(id) + "'");
    }
  }
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
toml::source_index line_that_breaks(std::string_view text) {
  std::vector<size_t> ends;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') ends.push_back(at + 1);
  }
  const auto first = std::partition_point(
      ends.begin(), ends.end(), [&](size_t end) { return !breaks_the_parser(text.substr(0, end)); });
  return static_cast<toml::source_index>(first - ends.begin() + 1);
}

toml::table parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text);
  } catch (const BrokenAssumption&) {
    Faults faults(file);
    faults.add("manifest.toml", toml::source_position{line_that_breaks(text), 1}, "this line is not TOML");
    faults.throw_if_any();
    throw;
  } catch (const toml::parse_error& error) {
    Faults faults(file);
    faults.add("manifest.toml", error.source().begin, printable(error.description()));
    faults.throw_if_any();
    throw;
  }
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::kDelete:
      return "delete";
    case Action::kRename:
      return "rename";
    case Action::kQuarantine:
      return "quarantine";
  }
  return "unknown";
}

Manifest parse(std::string_view text, const std::string& file_name) {
  const std::string file = printable(file_name);
  if (text.size() > kMaximumBytes) {
    throw Error(
        ErrorCode::kUsage, "manifest.size",
        file + ":1:1: a manifest may have 1 MiB; this one has " + std::to_string(text.size()) + " bytes");
  }
  Faults faults(file);
  if (const auto deep = too_deep(text)) {
    faults.add("manifest.nesting", {deep->line, deep->column}, "keys are nested too deeply here");
    faults.throw_if_any();
  }
  const toml::table source = parse_toml(text, file);
  TableReader root(source, "a manifest", faults);
  Manifest manifest;
  read_manifest_table(root, manifest);
  read_rules(root, manifest);
  root.finish();
  faults.throw_if_any();
  manifest.file = file_name;
  manifest.sha256 = crypto::sha256(as_bytes(text));
  return manifest;
}

}  // namespace mend::manifest
