// SPDX-License-Identifier: GPL-3.0-or-later
// Whether what was signed or sealed for some stick is for this one: the customer's, and not older than the
// profile wants. Used at build and on the stick alike, by what reads manifests and keyrings.
//
// Invariants
//   PF-3  What is made for another customer, or is older than the profile's minimum, is refused, whoever
//         signed it.
#pragma once

#include <string>

#include "keys/keyring.h"
#include "manifest/manifest.h"
#include "profile/profile.h"

namespace mend::profile {

// kRefused "profile.accept.customer", "profile.accept.build" (PF-3). A keyring whose build is no number is
// older than any. `file` is for the message.
void require_accepted(const Profile& profile, const keys::KeyringInfo& keyring, const std::string& file);

// The same for a manifest, which need not name a customer or a build; and its version. kRefused, also
// "profile.accept.version".
void require_accepted(const Profile& profile, const manifest::Manifest& manifest);

}  // namespace mend::profile
