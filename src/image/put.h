// SPDX-License-Identifier: GPL-3.0-or-later
// Replaces the keyring on a written stick, or in an image, without building it again. Used by
// `mendstick keys put`.
//
// Invariants
//   PU-1  Nothing but the keyring is changed (fat_replace.h, FP-1 to FP-3).
//   PU-2  A keyring of another customer than the stick's, or older than its profile takes, is refused.
//   PU-3  A disk that `mendstick write` would not write to is not written to here either.
//   PU-4  Where an image has a map or a hash beside it, both are of the new content afterwards.
#pragma once

#include <string>

#include "image/progress.h"
#include "image/target.h"
#include "keys/keyring.h"

namespace mend::image {

struct PutRequest {
  std::string target;  // a whole disk, or an image
  std::string serial;  // see TG-2; not looked at for a file
  HostRoots roots;
};

struct PutResult {
  std::string target;  // for a message
};

// kRefused "image.put.…", and what check_target(), read_fat32() and replace_file() throw.
PutResult put_keyring(const PutRequest& request, const keys::Keyring& keyring, Progress& progress);

}  // namespace mend::image
