// SPDX-License-Identifier: GPL-3.0-or-later
#include "report/rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "keys/table.h"

namespace mend::report {
namespace {

constexpr std::string_view kRecovery = "recovery password", kStartup = "startup key", kPassword = "password";

constexpr std::string_view kCommandsHead =
    "REM Keys to change. Run each block on its PC, in a command prompt as an administrator.\n"
    "REM The new key is made and backed up before the old one is deleted; manage-bde shows the new ID and\n"
    "REM the new key: put the ID in the place of NEW-ID.\n";

// "PC01 C: 19/07/2024"
struct Description {
  std::string host, drive;
};
Description parse_description(const std::string& text) {
  const size_t blank = text.find(' ');
  if (blank == std::string::npos) return {};
  Description description{text.substr(0, blank), {}};
  const std::string_view rest = std::string_view(text).substr(blank + 1);
  if (rest.size() > 2 && rest[0] >= 'A' && rest[0] <= 'Z' && rest.substr(1, 2) == ": ")
    description.drive = rest.substr(0, 2);
  return description;
}

class Collection {
 public:
  void use(const Run& run, const VolumeSeen& volume) {
    const std::optional<Guid> id = Guid::parse(volume.protector_id);
    const std::string& type = volume.protector_type;
    if (!id || (type != kRecovery && type != kStartup && type != kPassword)) return;
    const Description description = parse_description(volume.description);
    KeyToRotate& key = of(id, type, volume.host.empty() ? description.host : volume.host);
    if (key.drive.empty()) key.drive = description.drive;
    const std::optional<Time> when = run.when.best ? run.when.best : run.clock;
    if (key.used && when <= key.last_used) return;
    key.used = true;
    key.last_used = when;
    key.log = run.log;
  }

  void carry(const std::optional<Guid>& id, std::string_view type, const std::string& host) {
    of(id, type, host).carried = true;
  }

  std::vector<KeyToRotate> take() {
    std::vector<KeyToRotate> all;
    for (auto& [place, key] : keys_) all.push_back(std::move(key));
    std::sort(all.begin(), all.end(), [](const KeyToRotate& a, const KeyToRotate& b) {
      return std::tie(a.host, a.drive, a.protector_id) < std::tie(b.host, b.drive, b.protector_id);
    });
    return all;
  }

 private:
  // Keys without an ID count once for each host: which of its protectors they are is not known.
  KeyToRotate& of(const std::optional<Guid>& id, std::string_view type, const std::string& host) {
    KeyToRotate& key = keys_[{id, id ? std::string() : keys::folded_host(host)}];
    key.protector_id = id;
    if (key.type.empty()) key.type = type;
    if (key.host.empty()) key.host = printable(host);
    return key;
  }

  std::map<std::pair<std::optional<Guid>, std::string>, KeyToRotate> keys_;
};

std::string id_text(const KeyToRotate& key) {
  return key.protector_id ? key.protector_id->to_string() : "";
}

std::string reason_of(const KeyToRotate& key) {
  return !key.carried ? "used" : key.used ? "used and carried" : "carried";
}

// RO-2: a host's name in a remark.
std::string for_remark(const std::string& host) {
  std::string name;
  for (char c : host) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
    name += plain ? c : '_';
  }
  return name.empty() ? "a PC whose name is not known" : name;
}

std::string block_of(const KeyToRotate& key) {
  const std::string drive = key.drive.empty() ? "C:" : key.drive;
  std::string text = fmt::format("\nREM --- {}, {} of drive {}: {} ---\n", for_remark(key.host), key.type,
                                 drive, reason_of(key));
  if (key.drive.empty()) text += "REM The drive is not known; C: is taken. Look with: manage-bde -status\n";
  if (key.type == kPassword) return text + fmt::format("manage-bde -changepassword {}\n", drive);
  const bool startup = key.type == kStartup;
  text += startup ? fmt::format(
                        "REM E: stands for the drive that is to get the new startup key.\n"
                        "manage-bde -protectors -add {} -StartupKey E:\\\n",
                        drive)
                  : fmt::format("manage-bde -protectors -add {} -RecoveryPassword\n", drive);
  if (!startup) {
    text += fmt::format(
        "REM Where keys are kept in Active Directory; with Entra ID -aadbackup instead:\n"
        "manage-bde -protectors -adbackup {} -id {{NEW-ID}}\n",
        drive);
  }
  if (key.protector_id) {
    return text + fmt::format("manage-bde -protectors -delete {} -id {{{}}}\n", drive, id_text(key));
  }
  return text + fmt::format(
                    "REM The ID of the old key is not known: delete every one that this shows, but the new.\n"
                    "manage-bde -protectors -get {} -Type RecoveryPassword\n"
                    "REM manage-bde -protectors -delete {} -id {{OLD-ID}}\n",
                    drive, drive);
}

}  // namespace

std::vector<KeyToRotate> keys_to_rotate(const std::vector<Run>& runs, const bitlocker::Credentials& carried,
                                        const std::optional<keys::HostList>& hosts) {
  Collection collection;
  for (const Run& run : runs)
    for (const VolumeSeen& volume : run.volumes) collection.use(run, volume);
  for (const bitlocker::RecoveryCandidate& candidate : carried.recovery) {
    if (!hosts || hosts->has(candidate.host))
      collection.carry(candidate.protector_id, kRecovery, candidate.host);
  }
  // Of a startup key no host is known.
  for (const bitlocker::StartupKey& key : carried.startup_keys) collection.carry(key.key_id(), kStartup, "");
  return collection.take();
}

std::string rotation_csv(const std::vector<KeyToRotate>& keys) {
  std::string csv = "host,drive,protector_id,type,reason,last_used,log\n";
  for (const KeyToRotate& key : keys) {
    csv += fmt::format("{},{},{},{},{},{},{}\n", keys::table_cell(key.host), key.drive, id_text(key),
                       key.type, reason_of(key), key.last_used ? to_iso8601(*key.last_used) : "",
                       keys::table_cell(key.log));
  }
  return csv;
}

std::string rotation_commands(const std::vector<KeyToRotate>& keys) {
  std::string text(kCommandsHead);
  for (const KeyToRotate& key : keys) text += block_of(key);
  return text;
}

}  // namespace mend::report
