// SPDX-License-Identifier: GPL-3.0-or-later
// A customer's keys out of everything that was exported: merged, without what is there twice, chosen by what
// is wanted, and told of. Used by `mendstick keys import` and `check`; writes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "keys/hosts.h"
#include "keys/keys.h"
#include "keys/wanted.h"

namespace mend::keys {

struct GatherRequest {
  std::vector<std::string> files;    // and folders
  std::string earlier;               // a table to add to; empty: none
  std::optional<HostList> hosts;     // who is to have a key; changes nothing but what is told
  std::optional<WantedList> wanted;  // only these are taken from `files`
};

struct HostKeys {
  std::string host;
  size_t keys = 0;
  std::optional<Time> newest;
};

struct Gathered {
  bitlocker::Credentials credentials;
  std::vector<StartupKeyFile> startup_files;  // names in it are unique
  ImportReport report;
  size_t superseded = 0;  // passwords of an ID that has a newer one
  size_t not_wanted = 0;
  std::vector<HostKeys> by_host;           // those of recovery passwords, by name
  size_t without_host = 0;                 // recovery passwords
  std::vector<std::string> hosts_without;  // of the list
  std::vector<WantedKey> missing;
};

// Errors of load(), HostList and WantedList.
Gathered gather(const GatherRequest& request);

}  // namespace mend::keys
