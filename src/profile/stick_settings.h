// SPDX-License-Identifier: GPL-3.0-or-later
// What a stick may do, as it says itself and as its signatures let it: read by init, for the shell and the
// wait, and by `mend console` for everything else. Reads files of the stick, no disk.
//
// Invariants
//   PF-4  Policy (what is signed, keys, hosts, shell, hibernation) comes from the profile that is signed, or
//         from one on a stick that was built without any trusted key and says so. No option and no kernel
//         parameter stands above it.
//   PF-5  A profile that is not the one the image was built with (customer, build) is refused.
//   PF-6  A file is read once; what was checked is what is used.
#pragma once

#include <string>

#include "manifest/manifest.h"
#include "profile/profile.h"
#include "trust/trusted_keys.h"

namespace mend::profile {

struct StickSettings {
  ImageInfo image;
  trust::TrustedKeys trusted;
  Profile profile;
  std::string signer;  // the id of the key that signed the profile; empty: nobody did

  bool takes_unsigned() const { return profile.unsigned_files == trust::Unsigned::kAllow; }
};

// Whose profile it is. Where a build key is trusted it must be signed, whatever it says of unsigned files;
// where none is, it must say that they are allowed. Empty: nobody signed it. kRefused "trust.…",
// "profile.no_keys"; kCorrupt. Used at build, too.
std::string profile_signer(const trust::SignedFile& file, const Profile& profile,
                           const trust::TrustedKeys& trusted);
// A manifest that this profile takes, with its signer. kRefused "trust.…", "profile.accept.…"; kUsage with
// the faults of its text. Used at build, too.
manifest::Manifest accepted_manifest(const trust::SignedFile& file, const Profile& profile,
                                     const trust::TrustedKeys& trusted);

// `stick`: where it is mounted. kUsage with all faults of a file; kRefused also "profile.other_build".
StickSettings load_stick_settings(const std::string& stick);

}  // namespace mend::profile
