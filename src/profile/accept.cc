// SPDX-License-Identifier: GPL-3.0-or-later
#include "profile/accept.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace mend::profile {

void require_made_for(const Profile& profile, const MadeFor& made_for, const std::string& file) {
  if (!made_for.customer.empty() && made_for.customer != profile.customer)
    throw Error(ErrorCode::kRefused, "profile.accept.customer",
                fmt::format("{}: it is for the customer \"{}\", and the profile is that of \"{}\"",
                            printable(file), printable(made_for.customer), profile.customer));
  if (made_for.build < profile.minimum.build)
    throw Error(ErrorCode::kRefused, "profile.accept.build",
                fmt::format("{}: it was made for build {}; the profile takes none before {}", printable(file),
                            made_for.build, profile.minimum.build));
}

void require_accepted(const Profile& profile, const manifest::Manifest& manifest) {
  const int64_t build = manifest.build != 0 ? manifest.build : profile.minimum.build;
  require_made_for(profile, {manifest.customer, build}, manifest.file);
  const auto pinned = profile.minimum.manifests.find(manifest.id);
  if (pinned != profile.minimum.manifests.end() && manifest.version < pinned->second)
    throw Error(ErrorCode::kRefused, "profile.accept.version",
                fmt::format("{}: it is version {} of {}; the profile takes none before {}",
                            printable(manifest.file), manifest.version, manifest.id, pinned->second));
}

}  // namespace mend::profile
