// SPDX-License-Identifier: GPL-3.0-or-later
#include "profile/accept.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "base/text.h"

namespace mend::profile {
namespace {

// 0 for a text that is no number.
int64_t number_in(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

// An empty customer: for every customer.
void require_made_for(const Profile& profile, const std::string& customer, int64_t build,
                      const std::string& file) {
  if (!customer.empty() && customer != profile.customer)
    throw Error(ErrorCode::kRefused, "profile.accept.customer",
                fmt::format("{}: it is for the customer \"{}\", and the profile is that of \"{}\"",
                            printable(file), printable(customer), profile.customer));
  if (build < profile.minimum.build)
    throw Error(ErrorCode::kRefused, "profile.accept.build",
                fmt::format("{}: it was made for build {}; the profile takes none before {}", printable(file),
                            build, profile.minimum.build));
}

}  // namespace

void require_accepted(const Profile& profile, const keys::KeyringInfo& keyring, const std::string& file) {
  require_made_for(profile, keyring.customer, number_in(keyring.build), file);
}

void require_accepted(const Profile& profile, const manifest::Manifest& manifest) {
  const int64_t build = manifest.build != 0 ? manifest.build : profile.minimum.build;
  require_made_for(profile, manifest.customer, build, manifest.file);
  const auto pinned = profile.minimum.manifests.find(manifest.id);
  if (pinned != profile.minimum.manifests.end() && manifest.version < pinned->second)
    throw Error(ErrorCode::kRefused, "profile.accept.version",
                fmt::format("{}: it is version {} of {}; the profile takes none before {}",
                            printable(manifest.file), manifest.version, manifest.id, pinned->second));
}

}  // namespace mend::profile
