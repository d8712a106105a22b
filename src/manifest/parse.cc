// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "config/reader.h"
#include "manifest/manifest.h"
#include "manifest/path.h"
#include "manifest/protected.h"

namespace mend::manifest {
namespace {

using config::Faults;
using config::key_name;
using config::Place;
using config::Table;

constexpr size_t kMaximumIdLength = 64;
constexpr size_t kMaximumTitleBytes = 1000;
constexpr size_t kMaximumCustomerBytes = 64;
constexpr size_t kMaximumHeaderBytes = 4096;
constexpr size_t kMaximumDigests = 10000;
constexpr int64_t kMaximumMatchesLimit = 1000000;

// An id goes into logs and file names.
std::string read_id(Table& table) {
  const auto value = table.string("id");
  if (!value) {
    if (!table.has("id")) table.missing("id");
    return {};
  }
  const std::string& id = value->value;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (id.empty() || id.size() > kMaximumIdLength || !std::all_of(id.begin(), id.end(), plain) ||
      id[0] == '.') {
    table.faults().add("manifest.id", value->at,
                       "'id' must be 1 to 64 of the characters A-Z a-z 0-9 - _ . and not start with a dot");
  }
  return id;
}

std::optional<Time> read_time(Table& table, const char* key) {
  const auto found = table.time(key);
  return found ? std::optional(found->value) : std::nullopt;
}

template <typename T>
void check_range(Table& table, const char* id, const char* low_key, const std::optional<T>& low,
                 const char* high_key, const std::optional<T>& high, bool may_be_equal) {
  if (!low || !high || *low < *high || (may_be_equal && *low == *high)) return;
  table.faults().add(id, table.at(),
                     key_name(low_key) + " and " + key_name(high_key) + " leave nothing between them");
}

void read_header(Table& table, Conditions& when) {
  const auto value = table.string("header", "a string of hexadecimal bytes, such as \"AA 01\"");
  if (!value) return;
  const auto& at = value->at;
  try {
    when.header = from_hex(value->value);
  } catch (const Error& error) {
    table.faults().add("manifest.header.hex", at, std::string("'header' is ") + error.what());
    return;
  }
  if (when.header->empty() || when.header->size() > kMaximumHeaderBytes) {
    table.faults().add("manifest.header.length", at, "'header' must have 1 to 4096 bytes");
  }
}

void read_digests(Table& table, Conditions& when) {
  const auto list = table.strings("sha256");
  if (!list) return;
  if (list->value.empty() || list->value.size() > kMaximumDigests) {
    table.faults().add("manifest.sha256.count", list->at, "'sha256' must have 1 to 10000 entries");
    return;
  }
  std::set<crypto::Sha256Digest> seen;
  for (const auto& [digits, at] : list->value) {
    crypto::Sha256Digest digest{};
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

Conditions read_conditions(Table table) {
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

void read_action(Table& table, Rule& rule) {
  const auto value = table.string("action");
  if (!value) {
    if (!table.has("action")) table.missing("action");
    return;
  }
  for (Action action : {Action::kDelete, Action::kRename, Action::kQuarantine}) {
    if (value->value == to_string(action)) {
      rule.action = action;
      return;
    }
  }
  table.faults().add(
      "manifest.action", value->at,
      "there is no action '" + printable(value->value) + "'; there are delete, rename and quarantine");
}

// Is there something in the way that only allow_protected, or nothing at all, can move out of it?
void check_protected(Faults& faults, const Place& at, const Rule& rule,
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

void read_path(Table& table, Rule& rule) {
  const auto value = table.string("path");
  if (!value) {
    if (!table.has("path")) table.missing("path");
    return;
  }
  const auto& at = value->at;
  rule.path_text = value->value;
  PathResult path = parse_path(rule.path_text);
  if (path.fault) return table.faults().add(path.fault->id, at, path.fault->text);
  rule.components = std::move(path.components);
  check_protected(table.faults(), at, rule, rule.components, "what the path matches");
}

// REQUIRES: action, path and max_matches were read.
void read_new_name(Table& table, Rule& rule) {
  const auto value = table.string("new_name");
  if (rule.action != Action::kRename) {
    if (value) {
      table.faults().add("manifest.new_name.action", value->at,
                         "'new_name' belongs to action = \"rename\" only");
    }
    return;
  }
  if (!value) {
    if (!table.has("new_name")) table.missing("new_name");
    return;
  }
  const auto& at = value->at;
  NameResult name = parse_new_name(value->value);
  if (name.fault) return table.faults().add(name.fault->id, at, name.fault->text);
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

Rule read_rule(Table& table, size_t number) {
  Rule rule;
  rule.line = static_cast<int>(table.at().line);
  rule.column = static_cast<int>(table.at().column);
  rule.id = read_id(table);
  read_action(table, rule);
  if (const auto allowed = table.boolean("allow_protected")) {
    rule.allow_protected = allowed->value;
  }
  if (const auto limit = table.integer("max_matches", 1, kMaximumMatchesLimit)) {
    rule.max_matches = static_cast<uint32_t>(*limit);
  }
  read_path(table, rule);
  read_new_name(table, rule);
  if (auto when = table.table("when", "'when' of rule " + std::to_string(number))) {
    rule.when = read_conditions(std::move(*when));
  }
  table.finish();
  return rule;
}

void read_manifest_table(Table& root, Manifest& manifest) {
  auto found = root.table("manifest", "[manifest]");
  if (!found) {
    if (!root.has("manifest")) root.missing("manifest");
    return;
  }
  Table& table = *found;
  manifest.id = read_id(table);
  if (!table.has("version")) table.missing("version");
  manifest.version = table.integer("version", 1, INT64_MAX).value_or(0);
  manifest.title = table.text("title", true, kMaximumTitleBytes);
  manifest.source = table.text("source", false, kMaximumTitleBytes);
  manifest.customer = table.text("customer", false, kMaximumCustomerBytes);
  manifest.build = table.integer("build", 1, INT64_MAX).value_or(0);
  table.finish();
}

void read_rules(Table& root, Manifest& manifest) {
  auto rules = root.tables("rule", "rule");
  if (!rules && root.has("rule")) return;
  if (!rules || rules->value.empty()) {
    root.faults().add("manifest.rule.none", root.at(), "the manifest has no [[rule]]");
    return;
  }
  if (rules->value.size() > kMaximumRules) {
    root.faults().add("manifest.rule.count", rules->at,
                      "the manifest has more than " + std::to_string(kMaximumRules) + " rules");
    return;
  }
  std::set<std::string> ids;
  for (Table& table : rules->value) {
    manifest.rules.push_back(read_rule(table, manifest.rules.size() + 1));
    const std::string& id = manifest.rules.back().id;
    if (!id.empty() && !ids.insert(lower_ascii(id)).second) {
      root.faults().add("manifest.rule.twice", table.string("id")->at,
                        "there is another rule with the id '" + printable(id) + "'");
    }
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
  config::Document document(text, file_name, "a manifest", kMaximumBytes);
  Table root = document.root();
  Manifest manifest;
  read_manifest_table(root, manifest);
  read_rules(root, manifest);
  root.finish();
  document.faults().throw_if_any();
  manifest.file = file_name;
  manifest.sha256 = crypto::sha256(as_bytes(text));
  return manifest;
}

}  // namespace mend::manifest
