// SPDX-License-Identifier: GPL-3.0-or-later
// A customer's folder: profile.toml, manifests/, keyring, keys/. Read whole, checked whole, before anything
// is built from it. Used by `mendstick build` and `batch`.
//
// Invariants
//   CU-1  What was checked is what goes onto the stick: each file is read once.
//   CU-2  All faults of all files are in one Error, a line each, as "file:line:column: what".
//   CU-3  A file of the folder that would not get onto the stick is a fault, never skipped; only a README,
//         hidden files and the keys that a keyring holds are the preparer's own.
//   CU-4  The content of a key file is in memory that is wiped, and no message holds any of it.
//   CU-5  Profile and manifests are signed by keys that are trusted for them, or the profile says that
//         manifests need not be (PF-4 in profile/stick_settings.h).
// Values; key files are shared by their copies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/fat32.h"
#include "keys/keyring.h"
#include "manifest/manifest.h"
#include "profile/profile.h"
#include "trust/trusted_keys.h"

namespace mend::image {

struct Customer {
  std::string name;  // the folder's; what an image of a batch is called
  profile::Profile profile;
  std::vector<manifest::Manifest> manifests;
  std::vector<FatFile> files;  // as on the stick, by path
  size_t keys = 0;             // different ones, in all key files that go onto the stick in clear
  std::optional<keys::KeyringInfo> keyring;  // what is sealed
  std::vector<std::string> notes;  // what the preparer should know: lines of key files that gave no key
                                   // (never a key), files that nobody signed

  // The profile's, or the manifests' titles.
  std::string incident() const;
};

// `trusted`: whose signatures count; their public keys go onto the stick. kUsage "image.customer.faults"
// (CU-2), kNotFound "image.customer.folder".
Customer load_customer(const std::string& folder, const trust::TrustedKeys& trusted);

// The name by which the folder's image is called: its last component, also of "." and "x/..".
std::string customer_name(const std::string& folder);

// The folders of a batch, by name: every folder in `folder` that is not hidden. kNotFound, kUsage when there
// is none.
std::vector<std::string> customer_folders(const std::string& folder);

}  // namespace mend::image
