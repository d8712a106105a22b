// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/table.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "bitlocker/digit_groups.h"

namespace mend::keys {
namespace {

using bitlocker::KeySource;
using bitlocker::RecoveryCandidate;

constexpr std::string_view kHeader = "host,protector_id,recovery_key,created,source\n";
constexpr size_t kKeyBytes = 55;

constexpr std::array kSources = {std::pair{KeySource::kTyped, "typed"}, std::pair{KeySource::kTable, "table"},
                                 std::pair{KeySource::kJson, "json"}, std::pair{KeySource::kText, "text"}};

// A line without its key, in two parts.
std::pair<std::string, std::string> parts_of(const RecoveryCandidate& candidate) {
  std::string before = table_cell(candidate.host) + ",";
  if (candidate.protector_id) before += candidate.protector_id->to_string();
  std::string after = ",";
  if (candidate.created) after += to_iso8601(*candidate.created);
  return {before + ",", after + "," + std::string(to_string(candidate.source)) + "\n"};
}

bool comes_before(const RecoveryCandidate* a, const RecoveryCandidate* b) {
  const auto place = [](const RecoveryCandidate& c) { return std::tie(c.host, c.protector_id, c.created); };
  if (place(*a) != place(*b)) return place(*a) < place(*b);
  const Bytes left = a->password.key_words(), right = b->password.key_words();
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end());
}

}  // namespace

std::string table_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string_view to_string(KeySource source) {
  for (const auto& [kind, word] : kSources)
    if (kind == source) return word;
  return "";
}

std::optional<KeySource> parse_source(std::string_view word) {
  for (const auto& [kind, name] : kSources)
    if (word == name) return kind;
  return std::nullopt;
}

Secret write_table(const bitlocker::Credentials& credentials) {
  std::vector<const RecoveryCandidate*> order;
  size_t size = kHeader.size();
  for (const RecoveryCandidate& candidate : credentials.recovery) {
    order.push_back(&candidate);
    const auto [before, after] = parts_of(candidate);
    size += before.size() + kKeyBytes + after.size();
  }
  std::sort(order.begin(), order.end(), comes_before);
  Secret table(size);
  uint8_t* out = table.bytes().data();
  const auto put = [&](std::string_view text) { out = std::copy(text.begin(), text.end(), out); };
  put(kHeader);
  for (const RecoveryCandidate* candidate : order) {
    const auto [before, after] = parts_of(*candidate);
    put(before);
    put(bitlocker::show_digit_groups(candidate->password.key_words()).text());
    put(after);
  }
  return table;
}

}  // namespace mend::keys
