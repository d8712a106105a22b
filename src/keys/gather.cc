// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/gather.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "crypto/sha256.h"
#include "keys/merge.h"

namespace mend::keys {
namespace {

size_t keep_wanted(Gathered& gathered, const WantedList& wanted) {
  const auto unwanted = [&](const auto& key) { return !wanted.wants(key); };
  const auto unwanted_file = [&](const StartupKeyFile& file) {
    return !wanted.wants(bitlocker::StartupKey::parse(file.content.bytes()));
  };
  std::erase_if(gathered.startup_files, unwanted_file);
  return std::erase_if(gathered.credentials.recovery, unwanted) +
         std::erase_if(gathered.credentials.startup_keys, unwanted);
}

// The same file twice counts once; another one of the same name is called by its key's ID.
void make_names_unique(std::vector<StartupKeyFile>& files) {
  std::set<std::string> names;  // FAT tells none apart by their case
  std::set<crypto::Sha256Digest> contents;
  std::erase_if(files, [&](StartupKeyFile& file) {
    if (!contents.insert(crypto::sha256(file.content.bytes())).second) return true;
    const std::string id = bitlocker::StartupKey::parse(file.content.bytes()).key_id().to_string();
    for (size_t number = 1; !names.insert(lower_ascii(file.name)).second; ++number)
      file.name = id + (number == 1 ? "" : "-" + std::to_string(number)) + ".BEK";
    return false;
  });
}

void count_hosts(Gathered& gathered) {
  std::map<std::string, HostKeys> hosts;
  for (const bitlocker::RecoveryCandidate& candidate : gathered.credentials.recovery) {
    const std::string name = folded_host(candidate.host);
    if (name.empty()) {
      ++gathered.without_host;
      continue;
    }
    HostKeys& host = hosts[name];
    if (host.host.empty()) host.host = candidate.host;
    ++host.keys;
    host.newest = std::max(host.newest, candidate.created);
  }
  for (auto& [name, host] : hosts) gathered.by_host.push_back(std::move(host));
}

void find_hosts_without(Gathered& gathered, const HostList& list) {
  std::set<std::string> with;
  for (const HostKeys& host : gathered.by_host) with.insert(folded_host(host.host));
  for (const std::string& name : list.names())
    if (!with.contains(folded_host(name))) gathered.hosts_without.push_back(name);
}

}  // namespace

Gathered gather(const GatherRequest& request) {
  Gathered gathered;
  gathered.report = load(request.files, gathered.credentials, &gathered.startup_files);
  if (request.wanted) gathered.not_wanted = keep_wanted(gathered, *request.wanted);
  if (!request.earlier.empty()) {
    bitlocker::Credentials earlier;
    ImportReport of_earlier = load(request.earlier, earlier);
    merge(std::move(earlier), gathered.credentials, of_earlier);
    for (Problem& problem : of_earlier.problems) gathered.report.add(std::move(problem));
    gathered.report.duplicates += of_earlier.duplicates;
  }
  gathered.superseded = keep_newest(gathered.credentials, gathered.report);
  make_names_unique(gathered.startup_files);
  count_hosts(gathered);
  if (request.hosts) find_hosts_without(gathered, *request.hosts);
  if (request.wanted) gathered.missing = request.wanted->missing(gathered.credentials);
  return gathered;
}

}  // namespace mend::keys
