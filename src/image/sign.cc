// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/sign.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "image/bill.h"
#include "image/build.h"
#include "image/output_file.h"
#include "profile/accept.h"
#include "profile/stick.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaximumRecordBytes = 16 * kMiB;

std::vector<std::string> manifests_in(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.front() != '.' && name.ends_with(".toml")) paths.push_back((fs::path(folder) / name).string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool is_signed(const ToSign& one, const trust::TrustedKeys& trusted) {
  try {
    require_signed(one.file, one.role, trusted);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string describe(const manifest::Manifest& manifest) {
  return fmt::format("manifest {} version {}, {} {}", manifest.id, manifest.version, manifest.rules.size(),
                     manifest.rules.size() == 1 ? "rule" : "rules");
}

class Folder {
 public:
  Folder(std::string path, const trust::TrustedKeys& trusted) : path_(std::move(path)), trusted_(trusted) {}

  std::vector<ToSign> look() {
    const auto profile = read_profile();
    for (const std::string& path : manifests_in(path_ + "/" + std::string(stick::kManifests))) {
      collect([&] {
        ToSign one{trust::read_signed_file(path, manifest::kMaximumBytes), trust::Role::kManifest, {}};
        const manifest::Manifest manifest = manifest::parse(as_text(one.file.text), path);
        if (profile) profile::require_accepted(*profile, manifest);
        one.what = describe(manifest);
        add(std::move(one));
      });
    }
    if (!faults_.empty()) throw Error(ErrorCode::kUsage, "image.sign.faults", faults_);
    return std::move(files_);
  }

 private:
  std::optional<profile::Profile> read_profile() {
    std::optional<profile::Profile> profile;
    collect([&] {
      const std::string path = path_ + "/" + std::string(stick::kProfile);
      ToSign one{trust::read_signed_file(path, profile::kMaximumBytes), trust::Role::kBuild, {}};
      profile = profile::parse(as_text(one.file.text), path);
      one.what = fmt::format("profile of {}, build {}, mode {}", profile->customer, profile->build,
                             to_string(profile->mode));
      add(std::move(one));
    });
    return profile;
  }

  void add(ToSign one) {
    if (!is_signed(one, trusted_)) files_.push_back(std::move(one));
  }

  template <typename Work>
  void collect(Work work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo) throw;
      faults_ += (faults_.empty() ? "" : "\n") + std::string(error.what());
    }
  }

  const std::string path_;
  const trust::TrustedKeys& trusted_;
  std::vector<ToSign> files_;
  std::string faults_;
};

}  // namespace

std::vector<ToSign> files_to_sign(const std::string& customer_folder, const trust::TrustedKeys& trusted) {
  std::error_code error;
  if (!fs::is_directory(customer_folder, error))
    throw Error(ErrorCode::kNotFound, "image.sign.folder",
                fmt::format("{} is no folder; give a customer's, with {} in it", printable(customer_folder),
                            stick::kProfile));
  return Folder(customer_folder, trusted).look();
}

ToSign manifest_to_sign(const std::string& path) {
  ToSign one{trust::read_signed_file(path, manifest::kMaximumBytes), trust::Role::kManifest, {}};
  one.what = describe(manifest::parse(as_text(one.file.text), path));
  return one;
}

ToSign record_to_sign(const std::string& path) {
  ToSign one{trust::read_signed_file(path, kMaximumRecordBytes), trust::Role::kBuild, {}};
  one.what = subject_of_bill(as_text(one.file.text), path);
  return one;
}

std::string default_comment(const std::string& path) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
      build_time(std::getenv("SOURCE_DATE_EPOCH")).time_since_epoch());
  return fmt::format("timestamp:{}\tfile:{}\thashed", seconds.count(),
                     printable(fs::path(path).filename().string()));
}

void write_signature(const ToSign& one, const trust::SecretKey& key, const std::string& comment) {
  const trust::Signature signature = key.sign(one.file.text, comment);
  write_text(one.file.path + std::string(trust::kSignatureSuffix), to_file_text(signature)).commit();
}

}  // namespace mend::image
