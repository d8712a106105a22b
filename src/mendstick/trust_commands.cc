// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/trust_commands.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "image/files.h"
#include "image/output_file.h"
#include "image/sign.h"
#include "manifest/manifest.h"
#include "mendstick/passphrase.h"

namespace mend::mendstick {
namespace {

namespace fs = std::filesystem;

int status_of(const Error& error) {
  if (error.code() == ErrorCode::kIo) return 4;
  return error.code() == ErrorCode::kUsage || error.code() == ErrorCode::kNotFound ? 2 : 1;
}

// Goes on with the next file; the worst status counts.
int for_each(const std::vector<std::string>& names, Terminal& terminal,
             const std::function<void(const std::string&)>& work) {
  int status = 0;
  for (const std::string& name : names) {
    try {
      work(name);
    } catch (const Error& error) {
      terminal.note(error.what());
      status = std::max(status, status_of(error));
    }
  }
  return status;
}

trust::SecretKey load_secret(const std::string& path) {
  return trust::SecretKey::load(path, [&] { return ask_passphrase("of " + printable(path)); });
}

void make_pair(const std::string& folder, trust::Role role, bool no_passphrase) {
  const std::string name = fmt::format("{}/{}", folder, to_string(role));
  const trust::SecretKey key = trust::SecretKey::make();
  key.save(name + ".key", no_passphrase ? Secret() : ask_new_passphrase("for " + printable(name) + ".key"));
  image::write_text(name + ".pub", to_file_text(key.public_key())).commit();
  fmt::print("{}.pub: key {}, trusted for {}\n", printable(name), trust::to_text(key.public_key().id),
             role == trust::Role::kBuild ? "profiles and builds" : "manifests");
}

void require_none_there(const std::string& folder) {
  for (const char* name : {"build.key", "build.pub", "manifest.key", "manifest.pub"}) {
    std::error_code error;
    if (fs::exists(folder + "/" + name, error))
      throw Error(
          ErrorCode::kRefused, "mendstick.trust.exists",
          fmt::format("{}/{} is there already; sticks trust it. For new keys move the old ones away, and "
                      "keep the old .pub under a name such as build-old.pub as long as old signatures are "
                      "to count",
                      printable(folder), name));
  }
}

// Secret keys of the folder, read when they are first needed, so that one passphrase does for all files.
class Signer {
 public:
  explicit Signer(std::string folder) : folder_(std::move(folder)) {}

  const trust::SecretKey& key(trust::Role role) {
    auto found = keys_.find(role);
    if (found == keys_.end())
      found = keys_.emplace(role, load_secret(fmt::format("{}/{}.key", folder_, to_string(role)))).first;
    return found->second;
  }

 private:
  std::string folder_;
  std::map<trust::Role, trust::SecretKey> keys_;
};

void require_trusted(const trust::SecretKey& key, trust::Role role, const trust::TrustedKeys& trusted,
                     const std::string& folder) {
  for (const trust::TrustedKey& one : trusted) {
    if (one.role == role && one.key.key == key.public_key().key) return;
  }
  throw Error(
      ErrorCode::kRefused, "mendstick.trust.stranger",
      fmt::format("the key {} in {}/{}.key has no {}*.pub beside it, so no stick would trust it",
                  trust::to_text(key.public_key().id), printable(folder), to_string(role), to_string(role)));
}

}  // namespace

std::string trust_folder(const TrustOptions& options) {
  if (!options.folder.empty()) return options.folder;
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && config[0] == '/') return std::string(config) + "/mendstick/trust";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.config/mendstick/trust";
  throw Error(
      ErrorCode::kUsage, "mendstick.trust.home",
      "neither XDG_CONFIG_HOME nor HOME says where the trusted keys are; name their folder with --trust");
}

trust::TrustedKeys trusted_keys(const TrustOptions& options) {
  const std::string folder = trust_folder(options);
  std::error_code error;
  if (!options.folder.empty() && !fs::is_directory(folder, error))
    throw Error(ErrorCode::kNotFound, "mendstick.trust.folder",
                fmt::format("{} is no folder", printable(folder)));
  return trust::load_trusted_keys(folder);
}

int run_trust_new_keys(const TrustOptions& options, Terminal& terminal) {
  const std::string folder = trust_folder(options);
  image::make_folders(folder);
  require_none_there(folder);
  ::chmod(folder.c_str(), 0700);
  for (const trust::Role role : {trust::Role::kBuild, trust::Role::kManifest})
    make_pair(folder, role, options.no_passphrase);
  terminal.note(
      fmt::format("The secret keys are {}/*.key: keep a copy in a safe place, and them on no stick. Next: "
                  "`mendstick sign CUSTOMER_DIR`",
                  printable(folder)));
  return 0;
}

int run_sign(const TrustOptions& options, Terminal& terminal) {
  const std::string folder = trust_folder(options);
  const trust::TrustedKeys trusted = trusted_keys(options);
  if (trusted.empty())
    throw Error(
        ErrorCode::kNotFound, "mendstick.trust.none",
        fmt::format("there are no keys in {}; `mendstick trust new-keys` makes them", printable(folder)));
  Signer signer(folder);
  return for_each(options.customers, terminal, [&](const std::string& customer) {
    const std::vector<image::ToSign> files = customer.ends_with(".bill.json")
                                                 ? std::vector{image::record_to_sign(customer)}
                                                 : image::files_to_sign(customer, trusted);
    for (const image::ToSign& one : files) {
      const trust::SecretKey& key = signer.key(one.role);
      require_trusted(key, one.role, trusted, folder);
      image::write_signature(one, key, image::default_comment(one.file.path));
      fmt::print("{}: signed with key {}: {}\n", printable(one.file.path),
                 trust::to_text(key.public_key().id), one.what);
    }
    if (files.empty()) fmt::print("{}: everything is signed\n", printable(customer));
  });
}

int run_manifest_check(const TrustOptions& options, Terminal& terminal) {
  return for_each(options.files, terminal, [](const std::string& file) {
    const manifest::Manifest manifest = manifest::load(file);
    fmt::print("{}: good: {} version {}, {} {}\n", printable(file), manifest.id, manifest.version,
               manifest.rules.size(), manifest.rules.size() == 1 ? "rule" : "rules");
  });
}

int run_manifest_sign(const TrustOptions& options, Terminal& terminal) {
  std::vector<image::ToSign> manifests;
  const int faulty = for_each(options.files, terminal, [&](const std::string& file) {
    manifests.push_back(image::manifest_to_sign(file));
  });
  if (faulty != 0) return faulty;
  const trust::SecretKey key =
      load_secret(options.key.empty() ? trust_folder(options) + "/manifest.key" : options.key);
  for (const image::ToSign& one : manifests) {
    image::write_signature(one, key,
                           options.comment.empty() ? image::default_comment(one.file.path) : options.comment);
    fmt::print("{}: signed with key {}: {}\n", printable(one.file.path), trust::to_text(key.public_key().id),
               one.what);
  }
  return 0;
}

int run_manifest_verify(const TrustOptions& options, Terminal& terminal) {
  trust::TrustedKeys trusted;
  for (const std::string& file : options.trusted)
    trusted.push_back({file, trust::Role::kManifest, trust::load_public_key(file)});
  if (trusted.empty()) trusted = trusted_keys(options);
  return for_each(options.files, terminal, [&](const std::string& file) {
    const trust::Signer signer = require_signed(trust::read_signed_file(file, manifest::kMaximumBytes),
                                                trust::Role::kManifest, trusted);
    fmt::print("{}: good: signed with key {}: {}\n", printable(file), trust::to_text(signer.id),
               signer.comment);
  });
}

}  // namespace mend::mendstick
