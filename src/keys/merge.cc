// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/merge.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>

namespace mend::keys {
namespace {

using bitlocker::Credentials;
using bitlocker::RecoveryCandidate;
using bitlocker::StartupKey;

bool key_less(Bytes a, Bytes b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

template <typename T>
void remove_marked(std::vector<T>& items, const std::vector<bool>& drop) {
  size_t kept = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    if (drop[i]) continue;
    if (kept != i) items[kept] = std::move(items[i]);
    ++kept;
  }
  items.erase(items.begin() + static_cast<ptrdiff_t>(kept), items.end());
}

// Drops what is equal to something earlier; the order stays. `less` orders, and what it does not tell apart
// is equal.
template <typename T, typename Less, typename Merge>
size_t remove_duplicates(std::vector<T>& items, Less less, Merge merge) {
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return less(items[a], items[b]); });
  std::vector<bool> drop(items.size());
  size_t first = 0;
  for (size_t i = 1; i < order.size(); ++i) {
    if (less(items[order[first]], items[order[i]])) {
      first = i;
    } else {
      drop[order[i]] = true;
      merge(items[order[first]], items[order[i]]);
    }
  }
  const size_t before = items.size();
  remove_marked(items, drop);
  return before - items.size();
}

// A computer may have been renamed, and its key exported again.
void learn_from(RecoveryCandidate& kept, const RecoveryCandidate& dropped) {
  const bool later = dropped.created && (!kept.created || *dropped.created > *kept.created);
  if (kept.host.empty() || (later && !dropped.host.empty())) kept.host = dropped.host;
  if (later) kept.created = dropped.created;
}

size_t remove_duplicates(Credentials& credentials) {
  const auto candidate_less = [](const RecoveryCandidate& a, const RecoveryCandidate& b) {
    if (a.protector_id != b.protector_id) return a.protector_id < b.protector_id;
    return key_less(a.password.key_words(), b.password.key_words());
  };
  const auto startup_less = [](const StartupKey& a, const StartupKey& b) {
    return a.key_id() != b.key_id() ? a.key_id() < b.key_id() : key_less(a.key(), b.key());
  };
  return remove_duplicates(credentials.recovery, candidate_less, learn_from) +
         remove_duplicates(credentials.startup_keys, startup_less,
                           [](const StartupKey&, const StartupKey&) {});
}

// Of passwords of one ID, the one that is later than all others.
const RecoveryCandidate* newest(const std::vector<RecoveryCandidate>& all, const std::vector<size_t>& group) {
  const RecoveryCandidate* latest = nullptr;
  bool alone = false;
  for (const size_t index : group) {
    const RecoveryCandidate& candidate = all[index];
    if (!candidate.created) return nullptr;
    if (latest != nullptr && *candidate.created == *latest->created) alone = false;
    if (latest != nullptr && *candidate.created <= *latest->created) continue;
    latest = &candidate;
    alone = true;
  }
  return alone ? latest : nullptr;
}

}  // namespace

size_t keep_newest(Credentials& credentials, ImportReport& report) {
  std::vector<RecoveryCandidate>& all = credentials.recovery;
  std::map<Guid, std::vector<size_t>> groups;
  for (size_t i = 0; i < all.size(); ++i)
    if (all[i].protector_id) groups[*all[i].protector_id].push_back(i);
  std::vector<bool> drop(all.size());
  size_t dropped = 0;
  for (const auto& [id, group] : groups) {
    if (group.size() < 2) continue;
    const RecoveryCandidate* kept = newest(all, group);
    const std::string what =
        std::to_string(group.size()) + " different keys have the ID " + id.to_string() + ": ";
    report.add({{},
                0,
                0,
                what + (kept ? "the newest is kept, of " + to_iso8601(*kept->created)
                             : "none is known to be the newest, so all are kept, and tried")});
    if (kept == nullptr) continue;
    for (const size_t index : group) drop[index] = &all[index] != kept;
    dropped += group.size() - 1;
  }
  remove_marked(all, drop);
  return dropped;
}

void merge(Credentials&& found, Credentials& into, ImportReport& report) {
  const size_t before = into.recovery.size() + into.startup_keys.size();
  into.recovery.reserve(into.recovery.size() + found.recovery.size());
  into.startup_keys.reserve(into.startup_keys.size() + found.startup_keys.size());
  std::move(found.recovery.begin(), found.recovery.end(), std::back_inserter(into.recovery));
  std::move(found.startup_keys.begin(), found.startup_keys.end(), std::back_inserter(into.startup_keys));
  report.duplicates += remove_duplicates(into);
  report.keys = std::max(before, into.recovery.size() + into.startup_keys.size()) - before;
}

}  // namespace mend::keys
