// SPDX-License-Identifier: GPL-3.0-or-later
// What of a customer's folder wants a signature, and the writing of signatures beside their files. Used by
// `mendstick sign` and `mendstick manifest sign`; the keys are the caller's.
//
// Invariants
//   SI-1  Nothing is signed that `build` would not read: a profile or a manifest with a fault is named, and
//         then no file of the folder is signed.
//   SI-2  What was checked is what is signed: a file is read once.
#pragma once

#include <string>
#include <vector>

#include "trust/secret_key.h"
#include "trust/trusted_keys.h"

namespace mend::image {

struct ToSign {
  trust::SignedFile file;
  trust::Role role = trust::Role::kManifest;
  std::string what;  // "manifest crowdstrike-2024-07-19 version 1, 2 rules", for the person who signs
};

// The profile and the manifests whose signature is missing or does not hold. kUsage with all faults,
// kNotFound.
std::vector<ToSign> files_to_sign(const std::string& customer_folder, const trust::TrustedKeys& trusted);
// One manifest, whatever its signature. kUsage with its faults.
ToSign manifest_to_sign(const std::string& path);

// The record of a build, IMG.bill.json. kCorrupt when it is none.
ToSign record_to_sign(const std::string& path);

// "timestamp:1790000000	file:x.toml	hashed", as minisign writes it, from SOURCE_DATE_EPOCH or the
// clock.
std::string default_comment(const std::string& path);

// Writes FILE.minisig, in one step. kIo.
void write_signature(const ToSign& one, const trust::SecretKey& key, const std::string& comment);

}  // namespace mend::image
