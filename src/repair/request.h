// SPDX-License-Identifier: GPL-3.0-or-later
// What a run is asked to do, from `mend`'s options or the console: values only. What it takes out of the
// keyring comes back in it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "bitlocker/unlock.h"
#include "keys/keyring.h"
#include "manifest/manifest.h"

namespace mend::repair {

enum class CheckDepth { kTouched, kFull };
// Which session that hiberfil.sys holds may be given up: that of a fast startup holds nobody's open work.
enum class Discard { kNone, kFastStartup, kAll };
constexpr std::string_view to_string(Discard discard) {
  return discard == Discard::kAll ? "all" : discard == Discard::kFastStartup ? "fast-startup" : "off";
}

// What the log says of the stick that a run came from; all empty on a host.
struct Origin {
  std::string customer, incident, image_id, stick_id, mode;
  std::optional<Time> built;  // the image: a time that is past
  int64_t build = 0;          // of the profile; 0: not given
  std::string signer;         // the id of the key that signed the profile; empty: nobody
  bool takes_unsigned = false;
};

// What came of the keyring.
struct KeyringUse {
  enum class Outcome { kNotNeeded, kOpened, kSkipped, kFailed };
  Outcome outcome = Outcome::kNotNeeded;
  std::string why;  // with kSkipped and kFailed
  size_t keys = 0;  // that were taken out of it
};

struct Request {
  std::vector<std::string> disks;  // paths
  // The disks were found, not named: one that cannot be read is a verdict among others and ends no run.
  bool disks_found = false;
  std::vector<std::string> manifests;              // files
  std::vector<manifest::Manifest> read_manifests;  // those of a stick, read and checked before the run
  std::vector<std::string> hosts;                  // patterns of the customer's names (hosts.h); none: any
  bitlocker::Credentials credentials;
  std::shared_ptr<const keys::Keyring> keyring;  // sealed; may be null
  Secret keyring_passphrase;                     // empty: the person is asked
  KeyringUse keyring_use;                        // set by look()
  bool any_volume = false;                       // not only Windows system volumes
  CheckDepth check = CheckDepth::kTouched;
  bool allow_dirty = false;          // goes on with the dirty flag set
  Discard discard = Discard::kNone;  // zeroes the header page of hiberfil.sys
  bool dry_run = false;
  bool replay_first = false;  // check: as the volume would be after the replay of its log
  std::string audit_directory;
  std::optional<crypto::PublicKey> log_recipient;  // seals the log
  Origin origin;
};

}  // namespace mend::repair
