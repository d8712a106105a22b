// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/customer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "image/fat_names.h"
#include "keys/keyring.h"
#include "keys/keys.h"
#include "profile/accept.h"
#include "profile/stick.h"
#include "profile/stick_settings.h"

namespace mend::image {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaximumNameBytes = 100;

bool is_preparers_own(const std::string& name) {
  return name.front() == '.' || lower_ascii(name).rfind("readme", 0) == 0;
}

class Loader {
 public:
  Loader(const std::string& folder, const trust::TrustedKeys& trusted) : folder_(folder), trusted_(trusted) {
    customer_.name = customer_name(folder);
    if (const auto fault = name_fault(customer_.name)) {
      add(fmt::format("{}: the folder's name is to be the name of an image file: {}", printable(folder),
                      *fault));
    }
  }

  Customer load() {
    const std::vector<std::string> names = names_in(folder_);
    // First, since it says what is wanted of the rest.
    if (std::find(names.begin(), names.end(), stick::kProfile) != names.end()) load_profile();
    for (const std::string& name : names) {
      if (name == stick::kProfile || name == stick::kProfileSignature) continue;
      if (name == stick::kManifests) {
        for_each_file(name, [&](const std::string& file) { load_manifest(file); });
      } else if (name == stick::kKeyring) {
        collect(name, [&] { load_keyring(); });
      } else if (name == stick::kKeys) {
        // What is sealed stays on the preparer's host.
        if (!customer_.keyring) for_each_file(name, [&](const std::string& file) { load_keys(file); });
      } else {
        add(fmt::format("{}: not known here; a customer's folder holds {}, {}/, {} and {}/", path(name),
                        stick::kProfile, stick::kManifests, stick::kKeyring, stick::kKeys));
      }
    }
    check_whole();
    check_sealing();
    if (needs_signing_) add(how_to_sign());
    for (const trust::TrustedKey& key : trusted_)
      put(std::string(stick::kTrusted) + "/" + key.name, Content::memory(to_file_text(key.key)));
    if (!faults_.empty()) throw Error(ErrorCode::kUsage, "image.customer.faults", faults_);
    std::sort(customer_.files.begin(), customer_.files.end(),
              [](const FatFile& one, const FatFile& other) { return one.path < other.path; });
    customer_.keys = credentials_.recovery.size() + credentials_.startup_keys.size();
    return std::move(customer_);
  }

 private:
  static std::optional<std::string> name_fault(const std::string& name) {
    if (auto fault = fat_name_fault(name)) return fault;
    if (name.size() > kMaximumNameBytes) return fmt::format("it has more than {} bytes", kMaximumNameBytes);
    if (name.front() == '-' || name.front() == '.') return "it begins with a dash or a dot";
    return std::nullopt;
  }

  std::string path(std::string_view name) const { return printable(folder_ + "/" + std::string(name)); }

  void add(const std::string& fault) { faults_ += (faults_.empty() ? "" : "\n") + fault; }

  // Runs `load`; what is wrong with the file is one fault or several, and the next file has its turn.
  template <typename Load>
  void collect(const std::string& name, Load load) {
    try {
      load();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kIo) throw;
      const std::string_view id = error.id();
      needs_signing_ |= id.starts_with("trust.") || id == "profile.no_keys";
      const std::string what = error.what();
      add(what.find(path(name)) != std::string::npos ? what : path(name) + ": " + what);
    }
  }

  std::vector<std::string> names_in(const std::string& folder) const {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator list(folder, error);
    if (error) {
      throw Error(ErrorCode::kNotFound, "image.customer.folder",
                  fmt::format("cannot list the folder {}: {}", printable(folder), error.message()));
    }
    for (const fs::directory_entry& entry : list) {
      std::string name = entry.path().filename().string();
      if (!is_preparers_own(name)) names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  template <typename Load>
  void for_each_file(const std::string& folder, Load load) {
    std::error_code error;
    if (!fs::is_directory(folder_ + "/" + folder, error)) return add(path(folder) + ": it is to be a folder");
    std::map<std::u16string, std::string> seen;
    for (const std::string& name : names_in(folder_ + "/" + folder)) {
      std::string file = folder;
      file.append("/").append(name);
      if (const auto fault = fat_name_fault(name)) {
        add(fmt::format("{}: no name for a file on the stick: {}", path(file), *fault));
      } else if (fs::is_directory(folder_ + "/" + file, error)) {
        add(fmt::format("{}: a folder, which would not be read: put its files into {}/", path(file), folder));
      } else if (const auto [place, is_new] = seen.emplace(folded_fat_name(name), name); !is_new) {
        add(fmt::format("{}: the same name as {} on the stick, which does not tell a from A", path(file),
                        printable(place->second)));
      } else {
        collect(file, [&] { load(file); });
      }
    }
  }

  void load_profile() {
    collect(std::string(stick::kProfile), [&] {
      const trust::SignedFile file =
          trust::read_signed_file(folder_ + "/" + std::string(stick::kProfile), profile::kMaximumBytes);
      has_profile_ = true;
      put_signed(std::string(stick::kProfile), file);
      customer_.profile = profile::parse(as_text(file.text), file.path);
      has_good_profile_ = true;
      if (profile::profile_signer(file, customer_.profile, trusted_).empty()) note_unsigned(stick::kProfile);
    });
  }

  void load_manifest(const std::string& name) {
    if (name.ends_with(trust::kSignatureSuffix)) return check_is_of_manifest(name);
    if (fs::path(name).extension() != ".toml")
      return add(path(name) + ": a manifest's name ends in .toml; only those are read");
    const trust::SignedFile file = trust::read_signed_file(folder_ + "/" + name, manifest::kMaximumBytes);
    has_manifest_ = true;
    put_signed(name, file);
    if (!has_good_profile_) {  // what it has to keep is not known
      manifest::parse(as_text(file.text), file.path);
      return;
    }
    customer_.manifests.push_back(profile::accepted_manifest(file, customer_.profile, trusted_));
    if (customer_.manifests.back().signer.empty()) note_unsigned(name);
  }

  void check_is_of_manifest(const std::string& signature) {
    const std::string manifest = signature.substr(0, signature.size() - trust::kSignatureSuffix.size());
    std::error_code error;
    if (!fs::exists(folder_ + "/" + manifest, error))
      add(fmt::format("{}: a signature without its manifest", path(signature)));
  }

  void note_unsigned(std::string_view name) {
    customer_.notes.push_back(
        fmt::format("{}: nobody signed it; the stick takes it all the same, and shows so on its "
                    "screen",
                    path(name)));
  }

  std::string how_to_sign() const {
    const std::string sign = fmt::format("`mendstick sign {}` signs them", printable(folder_));
    if (!trusted_.empty()) return "When you have looked at what stands there: " + sign;
    return fmt::format(
        "There are no keys on this host. `mendstick trust new-keys` makes them, once for all customers; "
        "then {}. To do without: unsigned = \"allow\" under [stick] in the profile, which the stick "
        "shows on its screen",
        sign);
  }

  void load_keys(const std::string& name) {
    Secret content = read_secret_file(folder_ + "/" + name, keys::kMaximumFileBytes);
    const keys::ImportReport report = keys::parse(content.bytes(), folder_ + "/" + name, credentials_);
    const bool gives_nothing = report.keys + report.duplicates == 0;
    if (gives_nothing) add(path(name) + ": there is no key in this file");
    for (const keys::Problem& problem : report.problems) {
      gives_nothing ? add(problem.text()) : customer_.notes.push_back(problem.text());
    }
    if (report.problems_left_out != 0) {
      customer_.notes.push_back(
          fmt::format("{}: {} more lines like these", path(name), report.problems_left_out));
    }
    put(name, Content::secret(std::move(content)));
  }

  void load_keyring() {
    const std::string file = folder_ + "/" + std::string(stick::kKeyring);
    const ByteVector bytes = read_file(file, keys::kMaximumKeyringBytes);
    put(std::string(stick::kKeyring), Content::memory(bytes));
    customer_.keyring = keys::Keyring::parse(bytes, file).info();
    note_newer_keys();
  }

  // Sealed once, exported again.
  void note_newer_keys() {
    std::error_code error;
    const auto sealed = fs::last_write_time(folder_ + "/" + std::string(stick::kKeyring), error);
    for (const fs::directory_entry& entry :
         fs::directory_iterator(folder_ + "/" + std::string(stick::kKeys), error)) {
      const std::string name = entry.path().filename().string();
      if (is_preparers_own(name) || entry.last_write_time(error) <= sealed || error) continue;
      customer_.notes.push_back(fmt::format("{}: newer than the keyring: seal the keys again",
                                            path(fmt::format("{}/{}", stick::kKeys, name))));
    }
  }

  // No key in clear gets onto a stick unless the profile says so.
  void check_sealing() {
    if (!has_good_profile_) return;
    const bool plain = customer_.profile.keys == profile::Storage::kPlain;
    if (!plain && !credentials_.empty()) {
      add(fmt::format(
          "{0}: these keys are in clear. Seal them (`mendstick keys seal {0} -o {1}`), or set keys = "
          "\"plain\" under [stick] in the profile: then whoever finds the stick can read them",
          path(stick::kKeys), path(stick::kKeyring)));
    }
    if (!customer_.keyring) return;
    if (plain) add(path(stick::kKeyring) + ": the profile says keys = \"plain\": take one of them away");
    try {
      profile::require_accepted(customer_.profile, *customer_.keyring, path(stick::kKeyring));
    } catch (const Error& error) {
      add(error.what());
    }
  }

  void put_signed(const std::string& name, const trust::SignedFile& file) {
    put(name, Content::memory(file.text));
    if (file.signature) put(name + std::string(trust::kSignatureSuffix), Content::memory(*file.signature));
  }

  void put(const std::string& name, Content content) {
    customer_.files.push_back({name, std::move(content)});
  }

  void check_whole() {
    if (!has_profile_ && faults_.find(path(stick::kProfile)) == std::string::npos)
      add(fmt::format("{}: missing; start from configs/customers/example", path(stick::kProfile)));
    if (!has_manifest_ && has_good_profile_ && customer_.profile.mode != profile::Mode::kScan) {
      add(
          fmt::format("{}: there is no manifest, so the stick would repair nothing; copy one from "
                      "configs/manifests, or set mode = \"scan\" in the profile",
                      path(stick::kManifests)));
    }
  }

  std::string folder_;
  const trust::TrustedKeys& trusted_;
  Customer customer_;
  bitlocker::Credentials credentials_;
  std::string faults_;
  bool has_profile_ = false, has_good_profile_ = false, has_manifest_ = false;
  bool needs_signing_ = false;
};

}  // namespace

std::string Customer::incident() const {
  if (!profile.incident.empty() || manifests.empty()) return profile.incident;
  std::string titles;
  for (const manifest::Manifest& manifest : manifests)
    titles += (titles.empty() ? "" : "; ") + manifest.title;
  return titles;
}

std::string customer_name(const std::string& folder) {
  std::error_code error;
  fs::path path = fs::absolute(folder, error).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

Customer load_customer(const std::string& folder, const trust::TrustedKeys& trusted) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw Error(ErrorCode::kNotFound, "image.customer.folder",
                fmt::format("{} is no folder; it is to hold {}, {}/ and {}/", printable(folder),
                            stick::kProfile, stick::kManifests, stick::kKeys));
  }
  return Loader(folder, trusted).load();
}

std::vector<std::string> customer_folders(const std::string& folder) {
  std::vector<std::string> folders;
  std::error_code error;
  fs::directory_iterator list(folder, error);
  if (error) {
    throw Error(ErrorCode::kNotFound, "image.customer.list",
                fmt::format("cannot list the folder {}: {}", printable(folder), error.message()));
  }
  for (const fs::directory_entry& entry : list) {
    if (entry.is_directory(error) && entry.path().filename().string().front() != '.')
      folders.push_back(entry.path().string());
  }
  std::sort(folders.begin(), folders.end());
  if (folders.empty()) {
    throw Error(ErrorCode::kUsage, "image.customer.none",
                fmt::format("there is no customer's folder in {}", printable(folder)));
  }
  return folders;
}

}  // namespace mend::image
