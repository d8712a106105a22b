// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/wanted.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "keys/decode.h"
#include "keys/header.h"
#include "keys/hosts.h"
#include "keys/keys.h"
#include "keys/scan.h"

namespace mend::keys {
namespace {

// Columns of kWantedHeader, wherever they stand; a later version may have more.
struct Columns {
  std::optional<size_t> id, host, description, serial;
};

Columns columns_of(const Row& header) {
  Columns columns;
  for (size_t i = 0; i < header.size(); ++i) {
    const std::string name = lower_ascii(trim_ascii(header.cell(i)));
    if (name == "protector_id") columns.id = i;
    if (name == "host") columns.host = i;
    if (name == "description") columns.description = i;
    if (name == "serial") columns.serial = i;
  }
  return columns;
}

bool shows_key(std::string_view text) {
  const std::vector<Finding> found = scan(text);
  return std::any_of(found.begin(), found.end(),
                     [](const Finding& f) { return f.kind != Finding::Kind::kGuid; });
}

std::string text_of(const Row& row, const std::optional<size_t>& column) {
  return column ? printable(trim_ascii(row.cell(*column))) : std::string();
}

}  // namespace

std::string WantedKey::text() const {
  const std::string& about = description.empty() ? host : description;
  if (!protector_id) return about;
  return protector_id->to_string() + (about.empty() ? "" : " (" + about + ")");
}

WantedList WantedList::load(const std::string& path) {
  return parse(read_file(path, kMaximumFileBytes), path);
}

WantedList WantedList::parse(Bytes content, const std::string& file_name) {
  const DecodedText decoded(content);
  const std::string name = "'" + printable(file_name) + "'";
  Columns columns;
  const auto start = find_table(decoded.text(), [&](const Row& header) -> size_t {
    const Columns these = columns_of(header);
    if (!these.id || !these.host) return 0;
    columns = these;
    return 1;
  });
  if (!start) {
    throw Error(ErrorCode::kUsage, "keys.wanted.header",
                name + " is no list of wanted keys: its first line is to be " + kWantedHeader);
  }
  WantedList list;
  const auto wrong_row = [&](size_t line, const std::string& what) {
    throw Error(ErrorCode::kUsage, "keys.wanted.row", name + ", line " + std::to_string(line) + ": " + what);
  };
  read_rows(
      decoded.text(), *start,
      [&](const Row& row, size_t line) {
        WantedKey key;
        const std::string id = text_of(row, columns.id);
        key.protector_id = Guid::parse(id);
        key.host = text_of(row, columns.host);
        key.description = text_of(row, columns.description);
        key.serial = text_of(row, columns.serial);
        for (const std::string& text : {key.host, key.description, key.serial})
          if (shows_key(text)) wrong_row(line, "a recovery key stands where none belongs");
        if (!id.empty() && !key.protector_id) wrong_row(line, "the protector's ID is no GUID");
        if (!key.protector_id && key.host.empty()) wrong_row(line, "there is neither an ID nor a host");
        list.add(std::move(key));
      },
      wrong_row);
  if (list.keys_.empty()) throw Error(ErrorCode::kUsage, "keys.wanted.none", "no key is wanted in " + name);
  return list;
}

void WantedList::add(WantedKey key) {
  if (key.protector_id) ids_.insert(*key.protector_id);
  const std::string host = folded_host(key.host);
  if (!host.empty()) hosts_.insert(host);
  if (!host.empty() && !key.protector_id) hosts_without_id_.insert(host);
  keys_.push_back(std::move(key));
}

bool WantedList::wants(const bitlocker::RecoveryCandidate& candidate) const {
  const std::string host = folded_host(candidate.host);
  if (!candidate.protector_id) return hosts_.contains(host);
  return ids_.contains(*candidate.protector_id) || hosts_without_id_.contains(host);
}

bool WantedList::wants(const bitlocker::StartupKey& key) const {
  return ids_.contains(key.key_id());
}

std::vector<WantedKey> WantedList::missing(const bitlocker::Credentials& credentials) const {
  std::set<Guid> ids;
  std::unordered_set<std::string> hosts, hosts_of_keys_without_id;
  for (const bitlocker::RecoveryCandidate& candidate : credentials.recovery) {
    const std::string host = folded_host(candidate.host);
    if (candidate.protector_id) ids.insert(*candidate.protector_id);
    if (!candidate.protector_id) hosts_of_keys_without_id.insert(host);
    hosts.insert(host);
  }
  for (const bitlocker::StartupKey& key : credentials.startup_keys) ids.insert(key.key_id());
  std::vector<WantedKey> missing;
  for (const WantedKey& key : keys_) {
    const std::string host = folded_host(key.host);
    const bool by_host =
        !host.empty() && (key.protector_id ? hosts_of_keys_without_id : hosts).contains(host);
    if (!by_host && !(key.protector_id && ids.contains(*key.protector_id))) missing.push_back(key);
  }
  return missing;
}

}  // namespace mend::keys
