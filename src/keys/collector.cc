// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/collector.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "keys/date.h"
#include "keys/hosts.h"
#include "keys/json.h"
#include "keys/scan.h"
#include "keys/table.h"

namespace mend::keys {
namespace {

constexpr size_t kLongestHost = 255;

// Host names come from a file and go to screens and logs.
std::string tidy_host(std::string_view text) {
  const std::string_view name = trim_ascii(host_of(text).substr(0, kLongestHost));
  return may_be_part_of_key(name) ? std::string() : printable(name);
}

std::string_view host_cell(const Entry& entry) {
  return !host_of(entry.host).empty() ? entry.host : entry.path;
}

// What exports write where they have nothing to write.
bool means_nothing(std::string_view cell) {
  constexpr std::string_view kWords[] = {"",   "nodata", "no data", "null", "none",   "n/a",
                                         "na", "-",      "{}",      "[]",   "not set"};
  if (cell.size() > 16) return false;
  const std::string word = lower_ascii(cell);
  return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
}

// `System.Object[]`, `System.String[]` and such: a list whose name was written instead of its content.
bool is_name_of_list(std::string_view cell) {
  return cell.size() < 100 && cell.starts_with("System.") && cell.find("[]") != std::string_view::npos;
}

// The name of a recovery object says it best: what exports call a date may be the computer's.
std::optional<Time> created_of(const Entry& entry) {
  for (const std::string_view cell : {entry.id, entry.path, entry.host})
    if (const auto object = directory_object(cell); object && object->created) return object->created;
  return parse_date(entry.date);
}

std::string of_host(const std::string& host) {
  return host.empty() ? "" : " for " + host;
}

}  // namespace

void Collector::add(std::string_view key, const std::optional<Guid>& id, const Entry& entry) {
  try {
    into_.recovery.push_back({id, tidy_host(host_cell(entry)), bitlocker::RecoveryPassword::parse(key),
                              created_of(entry), parse_source(entry.source).value_or(source_)});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    problem(entry.line, error.what());
  }
}

void Collector::add(bitlocker::StartupKey key) {
  into_.startup_keys.push_back(std::move(key));
}

void Collector::add(const Entry& entry) {
  const std::string_view cell = trim_ascii(entry.key);
  if (!inside_cell_ && looks_like_json(cell)) {
    inside_cell_ = true;
    read_json(cell, entry, *this);
    inside_cell_ = false;
    return;
  }
  Entry tidy = entry;
  tidy.key = cell;
  add_list(tidy);
}

// A cell with one key, or with several that were joined to one text, each perhaps after its ID.
void Collector::add_list(const Entry& entry) {
  const std::vector<Finding> found = scan(entry.key);
  const auto is = [](Finding::Kind kind) { return [kind](const Finding& f) { return f.kind == kind; }; };
  const auto keys = std::count_if(found.begin(), found.end(), is(Finding::Kind::kKey));
  if (keys == 0) return explain_no_key(entry);
  if (keys == 1 && found.size() == 1) return add(entry.key, id_of(entry), entry);

  std::vector<Guid> ids;  // of the ID's cell, when it is a list of the same length
  for (const Finding& f : scan(entry.id))
    if (f.kind == Finding::Kind::kGuid) ids.push_back(f.guid);
  const bool parallel = ids.size() == static_cast<size_t>(keys);
  std::optional<Guid> before;
  size_t number = 0;
  for (const Finding& f : found) {
    const std::string_view text = entry.key.substr(f.offset, f.length);
    if (f.kind == Finding::Kind::kGuid) before = f.guid;
    if (f.kind == Finding::Kind::kNearKey) add(text, std::nullopt, entry);  // words what is wrong with it
    if (f.kind != Finding::Kind::kKey) continue;
    add(text, before ? before : parallel ? std::optional(ids[number]) : std::nullopt, entry);
    before.reset();
    ++number;
  }
}

std::optional<Guid> Collector::id_of(const Entry& entry) {
  const std::string_view text = trim_ascii(entry.id);
  if (const auto guid = Guid::parse(text)) return guid;
  for (const std::string_view cell : {text, entry.path, entry.host})
    if (const auto object = directory_object(cell)) return object->id;
  if (!text.empty() && !means_nothing(text)) {
    problem_once(
        "id", entry.line,
        "the key's ID is not a GUID; such keys are kept, and tried on every volume, which takes longer (said "
        "once for this file)");
  }
  return std::nullopt;
}

void Collector::explain_no_key(const Entry& entry) {
  const std::string host = tidy_host(host_cell(entry));
  if (means_nothing(entry.key)) return problem(entry.line, "there is no key" + of_host(host));
  if (is_name_of_list(entry.key)) {
    return problem(entry.line, "the export wrote 'System.Object[]' instead of the keys" + of_host(host) +
                                   ", which has several: export them again, joined to one text");
  }
  try {
    bitlocker::RecoveryPassword::parse(entry.key);
    problem(entry.line, "the key" + of_host(host) + " cannot be told from what is around it");
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUsage) throw;
    problem(entry.line, error.what() + of_host(host));
  }
}

void Collector::problem(size_t line, std::string why, size_t column) {
  report_.add({file_, line, column, std::move(why)});
}

void Collector::problem_once(const char* topic, size_t line, std::string why) {
  const std::string_view name = topic;
  if (std::any_of(said_.begin(), said_.end(), [&](const char* other) { return other == name; })) return;
  said_.push_back(topic);
  problem(line, std::move(why));
}

}  // namespace mend::keys
