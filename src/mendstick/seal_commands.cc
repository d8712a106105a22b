// SPDX-License-Identifier: GPL-3.0-or-later
#include "mendstick/seal_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>

#include "audit/sealed.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "image/build.h"
#include "image/put.h"
#include "keys/hosts.h"
#include "keys/keyring_seal.h"
#include "keys/keys.h"
#include "keys/recipient.h"
#include "keys/table.h"
#include "mendstick/card.h"
#include "profile/profile.h"
#include "profile/stick.h"

namespace mend::mendstick {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaximumPassphraseBytes = 1024;

// The first line of a file, or of standard input.
Secret read_passphrase(const std::string& path) {
  Secret content = read_secret_file(path == "-" ? "/dev/stdin" : path, kMaximumPassphraseBytes);
  content.shrink(std::min(content.text().find('\n'), content.size()));
  return content;
}

// The profile beside the folder of keys; nothing where there is none.
std::optional<profile::Profile> profile_beside(const std::string& keys) {
  std::error_code error;
  const fs::path folder = fs::absolute(keys, error).lexically_normal();
  const fs::path parent = folder.has_filename() ? folder.parent_path() : folder.parent_path().parent_path();
  const fs::path profile = parent / std::string(stick::kProfile);
  if (!fs::exists(profile, error)) return std::nullopt;
  return profile::load(profile.string());
}

// Whose keys these are, and for which build: as the options say, else as the profile does. The build of
// another customer's profile means nothing.
void set_owner(const SealOptions& options, keys::SealRequest& request) {
  request.customer = options.customer;
  request.build = options.build;
  if (!options.customer.empty() && !options.build.empty()) return;
  const std::optional<profile::Profile> profile = profile_beside(options.keys.front());
  if (!profile && options.customer.empty())
    throw Error(ErrorCode::kUsage, "mendstick.seal.customer",
                fmt::format("there is no {} beside {}: say whose keys these are with --customer",
                            stick::kProfile, printable(options.keys.front())));
  if (!profile) return;
  if (request.customer.empty()) request.customer = profile->customer;
  if (request.build.empty() && profile->build != 0 && request.customer == profile->customer)
    request.build = std::to_string(profile->build);
}

// Takes out what is of no host of the list.
void restrict_to(const std::string& path, bitlocker::Credentials& credentials, Terminal& terminal) {
  const keys::HostList hosts = keys::HostList::load(path);
  const size_t before = credentials.recovery.size();
  std::set<std::string> with;
  std::erase_if(credentials.recovery, [&](const bitlocker::RecoveryCandidate& candidate) {
    with.insert(keys::folded_host(candidate.host));
    return !hosts.has(candidate.host);
  });
  terminal.note(fmt::format("{} of {} recovery keys are of the {} hosts in {}", credentials.recovery.size(),
                            before, hosts.names().size(), printable(path)));
  for (const std::string& name : hosts.names()) {
    if (with.count(keys::folded_host(name)) == 0) terminal.note("no key for " + name);
  }
  if (!credentials.startup_keys.empty())
    terminal.note(
        fmt::format("{} startup keys name no host and were left out", credentials.startup_keys.size()));
  credentials.startup_keys.clear();
}

bitlocker::Credentials load_keys(const SealOptions& options, Terminal& terminal) {
  bitlocker::Credentials credentials;
  const keys::ImportReport report = keys::load(options.keys, credentials, nullptr);
  for (const keys::Problem& problem : report.problems) terminal.note(problem.text());
  if (report.problems_left_out != 0)
    terminal.note(fmt::format("{} more lines like these", report.problems_left_out));
  if (!options.hosts.empty()) restrict_to(options.hosts, credentials, terminal);
  if (credentials.empty())
    throw Error(ErrorCode::kUsage, "mendstick.seal.none", "no key is left to be sealed");
  return credentials;
}

keys::OpenKeyring open_keyring(const keys::Keyring& keyring, const SealOptions& options) {
  if (options.identity.empty() == options.passphrase.empty()) {
    throw Error(ErrorCode::kUsage, "mendstick.seal.secret",
                "give --identity or --passphrase-file: one of them opens the keyring");
  }
  if (!options.identity.empty()) return keyring.open(keys::load_identity(options.identity));
  const Secret text = read_passphrase(options.passphrase);
  return keyring.open(keys::Passphrase::parse(keyring.info().form, text.text()));
}

}  // namespace

int run_keys_seal(const SealOptions& options, Terminal& terminal) {
  keys::SealRequest request;
  set_owner(options, request);
  request.sealed = image::build_time(std::getenv("SOURCE_DATE_EPOCH"));
  if (!options.recipient.empty()) request.recipient = keys::parse_recipient(options.recipient);
  const bitlocker::Credentials credentials = load_keys(options, terminal);
  const keys::Passphrase passphrase =
      options.passphrase.empty() ? keys::Passphrase::generate()
                                 : keys::Passphrase::choose(read_passphrase(options.passphrase).text());
  terminal.step("sealing", -1);
  const ByteVector file = keys::seal_keyring(credentials, passphrase, request);
  if (!options.card.empty()) write_secret_file(options.card, card_page(request, passphrase).bytes());
  write_secret_file(options.output, file);
  terminal.clear();
  terminal.note(fmt::format("{}: {} keys sealed for {}{}", printable(options.output),
                            credentials.recovery.size() + credentials.startup_keys.size(),
                            printable(request.customer),
                            request.build.empty() ? "" : ", build " + printable(request.build)));
  if (!options.passphrase.empty()) return 0;
  terminal.note("The passphrase, which is stored nowhere. Give it to the technician apart from the stick:");
  fmt::print("{}\n", passphrase.text().text());
  return 0;
}

int run_keys_put(const SealOptions& options, Terminal& terminal) {
  image::PutRequest request;
  request.target = options.target;
  request.serial = options.serial;
  const keys::Keyring keyring = keys::Keyring::load(options.keyring);
  const image::PutResult result = image::put_keyring(request, keyring, terminal);
  terminal.clear();
  fmt::print("{}: the keyring is now the one sealed {} for {}\n", result.target,
             to_iso8601(keyring.info().sealed), printable(keyring.info().customer));
  return 0;
}

int run_keys_unseal(const SealOptions& options, Terminal& terminal) {
  const keys::Keyring keyring = keys::Keyring::load(options.keyring);
  const bitlocker::Credentials credentials = open_keyring(keyring, options).take_all();
  write_secret_file(options.output, keys::write_table(credentials).bytes());
  terminal.note(fmt::format("{} recovery keys of {} in {}, in clear: delete it when it has served",
                            credentials.recovery.size(), printable(keyring.info().customer),
                            printable(options.output)));
  if (!credentials.startup_keys.empty())
    terminal.note(fmt::format("{} startup keys are in the keyring, too; a table cannot hold them",
                              credentials.startup_keys.size()));
  return 0;
}

int run_keys_recipient(const SealOptions& options, Terminal& terminal) {
  if (fs::exists(options.output)) {
    throw Error(ErrorCode::kUsage, "mendstick.seal.exists",
                printable(options.output) + " exists; a private key is not overwritten");
  }
  const crypto::KeyPair pair = crypto::make_key_pair();
  write_secret_file(options.output, keys::to_identity_text(pair).bytes());
  terminal.note(printable(options.output) +
                " is the private key: keep it on this host, and a copy in the safe");
  fmt::print("{}\n", keys::to_text(pair.public_key));
  return 0;
}

int run_audit_open(const SealOptions& options, Terminal& terminal) {
  const crypto::KeyPair identity = keys::load_identity(options.identity);
  fs::create_directories(options.output);
  int status = 0;
  for (const std::string& path : options.logs) {
    try {
      const audit::OpenedLog log = audit::open_sealed_log(path, identity);
      std::string name = fs::path(path).filename().string();
      if (name.ends_with(audit::kSealedSuffix)) name.resize(name.size() - audit::kSealedSuffix.size());
      const std::string opened = options.output + "/" + name + ".jsonl";
      write_secret_file(opened, as_bytes(log.lines));
      fmt::print("{}\n", printable(opened));
      if (log.whole) continue;
      terminal.note(fmt::format("{}: {}", printable(path), log.why));
    } catch (const Error& error) {
      terminal.note(error.what());
    }
    status = 1;
  }
  return status;
}

}  // namespace mend::mendstick
