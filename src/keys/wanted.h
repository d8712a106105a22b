// SPDX-License-Identifier: GPL-3.0-or-later
// The list of keys that a stick found missing: the console writes it, `mendstick keys import --only` reads
// it, so that a customer has to be asked for those keys alone. FORMAT.md, "Keys wanted".
//
// Invariants
//   WA-1  Nothing secret is in it: IDs, and what the volumes say of themselves in the clear.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "bitlocker/keys.h"

namespace mend::keys {

inline constexpr const char* kWantedName = "wanted-keys.csv";
inline constexpr const char* kWantedHeader = "protector_id,host,description,serial,first_wanted";

struct WantedKey {
  std::optional<Guid> protector_id;
  std::string host;         // printable, as the rest; may be empty
  std::string description;  // "PC01 C: 19/07/2024"
  std::string serial;       // of the PC

  // "4967d63b-… (PC01 C: 19/07/2024)", with what there is.
  std::string text() const;
};

class WantedList {
 public:
  // kUsage "keys.wanted.header", "keys.wanted.none", "keys.wanted.row" (neither an ID nor a host) with file
  // and line; "base.file.…".
  static WantedList load(const std::string& path);
  static WantedList parse(Bytes content, const std::string& file_name);

  const std::vector<WantedKey>& keys() const { return keys_; }
  // By its ID; where the list or the key has none, by its host.
  bool wants(const bitlocker::RecoveryCandidate& candidate) const;
  bool wants(const bitlocker::StartupKey& key) const;
  // What none of the keys can be.
  std::vector<WantedKey> missing(const bitlocker::Credentials& credentials) const;

 private:
  void add(WantedKey key);

  std::vector<WantedKey> keys_;
  std::set<Guid> ids_;
  std::unordered_set<std::string> hosts_;             // folded
  std::unordered_set<std::string> hosts_without_id_;  // of which any key will do
};

}  // namespace mend::keys
