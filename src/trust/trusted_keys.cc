// SPDX-License-Identifier: GPL-3.0-or-later
#include "trust/trusted_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace mend::trust {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPublicSuffix = ".pub";

std::optional<Role> role_of(const std::string& name) {
  for (const Role role : {Role::kBuild, Role::kManifest}) {
    if (lower_ascii(name).starts_with(to_string(role))) return role;
  }
  return std::nullopt;
}

std::vector<std::string> public_keys_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    std::string name = entry.path().filename().string();
    if (name.front() != '.' && lower_ascii(name).ends_with(kPublicSuffix)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

TrustedKey load_key(const std::string& folder, const std::string& name, const TrustedKeys& others) {
  const std::string path = folder + "/" + name;
  const auto role = role_of(name);
  if (!role)
    throw Error(ErrorCode::kUsage, "trust.keys.name",
                fmt::format("{}: its name says nothing of what it is trusted for: call it build….pub, for "
                            "profiles and builds, or manifest….pub",
                            printable(path)));
  TrustedKey key{name, *role, load_public_key(path)};
  for (const TrustedKey& other : others) {
    if (other.role != key.role && other.key.key == key.key.key)
      throw Error(ErrorCode::kUsage, "trust.keys.same",
                  fmt::format("{}: the same key as {}: builds and manifests have one each, so that who may "
                              "write manifests cannot change what a stick is allowed",
                              printable(path), printable(other.name)));
  }
  return key;
}

// "1A2B…, 3C4D…", for messages.
std::string ids_of(Role role, const TrustedKeys& keys) {
  std::string text;
  for (const TrustedKey& key : keys) {
    if (key.role == role) text += (text.empty() ? "" : ", ") + to_text(key.key.id);
  }
  return text.empty() ? "none" : text;
}

[[noreturn]] void refuse(const char* id, const SignedFile& file, const std::string& why) {
  throw Error(ErrorCode::kRefused, id, fmt::format("{}: {}", printable(file.path), why));
}

}  // namespace

std::string_view to_string(Role role) {
  return role == Role::kBuild ? "build" : "manifest";
}

TrustedKeys load_trusted_keys(const std::string& folder) {
  TrustedKeys keys;
  std::string faults;
  for (const std::string& name : public_keys_in(folder)) {
    try {
      keys.push_back(load_key(folder, name, keys));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo) throw;
      faults += (faults.empty() ? "" : "\n") + std::string(error.what());
    }
  }
  if (!faults.empty()) throw Error(ErrorCode::kUsage, "trust.keys", faults);
  return keys;
}

SignedFile read_signed_file(const std::string& path, uint64_t limit_bytes) {
  SignedFile file{path, read_file(path, limit_bytes), std::nullopt};
  const std::string signature = path + std::string(kSignatureSuffix);
  std::error_code error;
  if (fs::exists(signature, error)) file.signature = read_file(signature, kMaximumFileBytes);
  return file;
}

Signer require_signed(const SignedFile& file, Role role, const TrustedKeys& keys) {
  if (!file.signature) refuse("trust.unsigned", file, "it is not signed");
  const Signature signature =
      parse_signature(as_text(*file.signature), file.path + std::string(kSignatureSuffix));
  bool known = false;
  for (const TrustedKey& trusted : keys) {
    if (trusted.role != role || trusted.key.id != signature.key_id) continue;
    known = true;
    if (holds(signature, file.text, trusted.key)) return {signature.key_id, signature.trusted_comment};
  }
  if (known)
    refuse("trust.changed", file,
           "it was changed after it was signed, or the signature beside it is of another file");
  refuse("trust.stranger", file,
         fmt::format("it is signed with the key {}, which is not trusted for {} (trusted: {})",
                     to_text(signature.key_id), role == Role::kBuild ? "profiles" : "manifests",
                     ids_of(role, keys)));
}

std::optional<Signer> signer_of(const SignedFile& file, Role role, const TrustedKeys& keys, Unsigned policy) {
  try {
    return require_signed(file, role, keys);
  } catch (const Error& error) {
    const std::string_view id = error.id();
    if (policy == Unsigned::kRefuse || (id != "trust.unsigned" && id != "trust.stranger")) throw;
    return std::nullopt;
  }
}

bool has_role(const TrustedKeys& keys, Role role) {
  return std::any_of(keys.begin(), keys.end(), [&](const TrustedKey& key) { return key.role == role; });
}

}  // namespace mend::trust
