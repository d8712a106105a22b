// SPDX-License-Identifier: GPL-3.0-or-later
#include "keys/columns.h"

#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>

namespace mend::keys {
namespace {

constexpr std::pair<std::string_view, Role> kNames[] = {
    {"recoverykey", Role::kKey},
    {"recoverykeys", Role::kKey},
    {"recoverypassword", Role::kKey},
    {"recoverypasswords", Role::kKey},
    {"bitlockerkey", Role::kKey},
    {"bitlockerkeys", Role::kKey},
    {"bitlockerrecoverykey", Role::kKey},
    {"bitlockerrecoverykeys", Role::kKey},
    {"bitlockerrecoverypassword", Role::kKey},
    {"msfverecoverypassword", Role::kKey},
    {"numericalpassword", Role::kKey},
    {"keyprotectorrecoverypassword", Role::kKey},
    {"key", Role::kVagueKey},
    {"keys", Role::kVagueKey},
    {"password", Role::kVagueKey},
    {"keyid", Role::kId},
    {"recoverykeyid", Role::kId},
    {"bitlockerkeyid", Role::kId},
    {"bitlockerrecoverykeyid", Role::kId},
    {"passwordid", Role::kId},
    {"recoverypasswordid", Role::kId},
    {"keyprotectorid", Role::kId},
    {"protectorid", Role::kId},
    {"recoveryguid", Role::kId},
    {"msfverecoveryguid", Role::kId},
    {"id", Role::kVagueId},
    {"guid", Role::kVagueId},
    {"identifier", Role::kVagueId},
    {"hostname", Role::kHost},
    {"host", Role::kHost},
    {"computer", Role::kHost},
    {"computername", Role::kHost},
    {"machine", Role::kHost},
    {"machinename", Role::kHost},
    {"device", Role::kHost},
    {"devicename", Role::kHost},
    {"systemname", Role::kHost},
    {"pcname", Role::kHost},
    {"name", Role::kVagueHost},
    {"displayname", Role::kVagueHost},
    {"system", Role::kVagueHost},
    {"distinguishedname", Role::kPath},
    {"dn", Role::kPath},
    {"createddatetime", Role::kDate},
    {"keycreated", Role::kDate},
    {"whencreated", Role::kDate},
    {"created", Role::kDate},
    {"createdat", Role::kDate},
    {"creationtime", Role::kDate},
    {"backupdate", Role::kDate},
    {"backuptime", Role::kDate},
    {"lastupdatetime", Role::kDate},
    {"date", Role::kDate},
    {"time", Role::kTime},
    {"gmt", Role::kOffset},
    {"source", Role::kSource},
};

const std::unordered_map<std::string_view, Role>& names() {
  static const std::unordered_map<std::string_view, Role> table(std::begin(kNames), std::end(kNames));
  return table;
}

}  // namespace

Role role_of(std::string_view name) {
  std::string plain;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain.push_back(c);
    if (plain.size() > 40)
      return Role::kNone;  // longer than any name; may be a key where a name was expected
  }
  const auto found = names().find(plain);
  return found == names().end() ? Role::kNone : found->second;
}

}  // namespace mend::keys
