// SPDX-License-Identifier: GPL-3.0-or-later
#include "profile/stick_settings.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "profile/accept.h"
#include "profile/stick.h"

namespace mend::profile {
namespace {

void require_built_with(const ImageInfo& image, const Profile& profile) {
  if (printable(profile.customer) == image.customer && profile.build == image.build) return;
  throw Error(
      ErrorCode::kRefused, "profile.other_build",
      fmt::format("{}: it is the profile of {}, build {}; this stick was built for {}, build {}. Build the "
                  "stick anew",
                  printable(profile.file), profile.customer, profile.build, image.customer, image.build));
}

}  // namespace

std::string profile_signer(const trust::SignedFile& file, const Profile& profile,
                           const trust::TrustedKeys& trusted) {
  if (trust::has_role(trusted, trust::Role::kBuild))
    return trust::to_text(trust::require_signed(file, trust::Role::kBuild, trusted).id);
  if (profile.unsigned_files == trust::Unsigned::kAllow) return {};
  throw Error(
      ErrorCode::kRefused, "profile.no_keys",
      fmt::format("{}: there is no trusted build key to check its signature with", printable(file.path)));
}

manifest::Manifest accepted_manifest(const trust::SignedFile& file, const Profile& profile,
                                     const trust::TrustedKeys& trusted) {
  const auto signer = trust::signer_of(file, trust::Role::kManifest, trusted, profile.unsigned_files);
  manifest::Manifest manifest = manifest::parse(as_text(file.text), file.path);
  if (signer) manifest.signer = trust::to_text(signer->id);
  require_accepted(profile, manifest);
  return manifest;
}

StickSettings load_stick_settings(const std::string& stick) {
  const auto on_stick = [&](std::string_view name) { return stick + "/" + std::string(name); };
  StickSettings settings;
  settings.image = load_image_info(on_stick(stick::kImageInfo));
  settings.trusted = trust::load_trusted_keys(on_stick(stick::kTrusted));
  const trust::SignedFile file = trust::read_signed_file(on_stick(stick::kProfile), kMaximumBytes);
  if (trust::has_role(settings.trusted, trust::Role::kBuild))  // before its text means anything
    trust::require_signed(file, trust::Role::kBuild, settings.trusted);
  settings.profile = parse(as_text(file.text), file.path);
  settings.signer = profile_signer(file, settings.profile, settings.trusted);
  require_built_with(settings.image, settings.profile);
  return settings;
}

}  // namespace mend::profile
