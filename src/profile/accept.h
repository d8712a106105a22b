// SPDX-License-Identifier: GPL-3.0-or-later
// Whether what was signed or sealed for some stick is for this one: the customer's, and not older than the
// profile wants. Used at build and on the stick alike, by what reads manifests and keyrings.
//
// Invariants
//   PF-3  What is made for another customer, or is older than the profile's minimum, is refused, whoever
//         signed it.
#pragma once

#include <string>

#include "manifest/manifest.h"
#include "profile/profile.h"

namespace mend::profile {

// What a file says of itself. An empty customer: for every customer.
struct MadeFor {
  std::string customer;
  int64_t build = 0;
};
// kRefused "profile.accept.customer", "profile.accept.build" (PF-3). `file` is for the message.
void require_made_for(const Profile& profile, const MadeFor& made_for, const std::string& file);

// The same for a manifest, which need not name a build; and its version. kRefused, also
// "profile.accept.version".
void require_accepted(const Profile& profile, const manifest::Manifest& manifest);

}  // namespace mend::profile
