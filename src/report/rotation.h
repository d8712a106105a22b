// SPDX-License-Identifier: GPL-3.0-or-later
// Which keys are to be changed: those that were used, since somebody has seen them or a stick carried them to
// the PC, and those that a lost stick carried. As a table, and as commands for Windows. Used by `mendstick
// keys rotate`.
//
// Invariants
//   RO-1  No key is in it: IDs of protectors, hosts, drives.
//   RO-2  Nothing of a log or a key file can become a command or a part of one but an ID and a drive's
//   letter.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/guid.h"
#include "bitlocker/keys.h"
#include "keys/hosts.h"
#include "report/log_files.h"

namespace mend::report {

struct KeyToRotate {
  std::optional<Guid> protector_id;  // nothing: it was exported without one
  std::string type;                  // "recovery password", "startup key", "password"
  std::string host;                  // printable; may be empty
  std::string drive;                 // "C:", by the volume's description; may be empty
  bool used = false, carried = false;
  std::optional<Time> last_used;
  std::string log;  // the name of that run's log
};

// By host, drive and ID. `carried`: what was on a lost stick; with `hosts` only those of these computers.
std::vector<KeyToRotate> keys_to_rotate(const std::vector<Run>& runs, const bitlocker::Credentials& carried,
                                        const std::optional<keys::HostList>& hosts);

// host,drive,protector_id,type,reason,last_used,log
std::string rotation_csv(const std::vector<KeyToRotate>& keys);
// manage-bde, a block for each key, to be run on that PC: the new key is made and backed up before the old
// one is deleted.
std::string rotation_commands(const std::vector<KeyToRotate>& keys);

}  // namespace mend::report
