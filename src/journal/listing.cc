// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "base/error.h"
#include "journal/format.h"
#include "journal/journal.h"

namespace mend::journal {
namespace {

constexpr std::string_view kSuffix = ".undo";

void take_identity(Listing& listing, const std::string& run_id, Time created, const Target& target) {
  listing.run_id = run_id;
  listing.created = created;
  listing.target = target;
  listing.has_target = true;
}

// Of a damaged journal, as much as its header tells: whose disk it is matters then most.
void take_header(Listing& listing, Store& store, const std::string& name) {
  try {
    const std::unique_ptr<block::BlockDevice> file = store.open(name);
    if (file == nullptr) return;
    const format::Header header =
        format::decode_header(file->read_bytes(format::kHeaderOffset, format::kUnit));
    take_identity(listing, header.run_id, from_filetime(header.created_filetime), header.target);
  } catch (const Error&) {  // NOLINT: the problem is told already
  }
}

Listing look_at(const std::shared_ptr<Store>& store, const std::string& name) {
  Listing listing;
  listing.path = store->path_of(name);
  try {
    const Journal journal = Journal::open(store, name);
    listing.state = journal.state();
    if (journal.has_target()) take_identity(listing, journal.run_id(), journal.created(), journal.target());
    return listing;
  } catch (const Error& error) {
    listing.problem = error.what();
  }
  take_header(listing, *store, name);
  return listing;
}

}  // namespace

std::vector<Listing> list(const std::string& directory) {
  const auto store = std::make_shared<DirectoryStore>(directory);
  std::vector<Listing> listings;
  for (const std::string& name : store->names()) {
    if (name.size() > kSuffix.size() && name.ends_with(kSuffix)) listings.push_back(look_at(store, name));
  }
  return listings;
}

std::vector<Listing> find_open(const std::string& directory) {
  std::vector<Listing> listings = list(directory);
  std::erase_if(listings, [](const Listing& listing) { return !listing.problem && !is_open(listing.state); });
  return listings;
}

}  // namespace mend::journal
