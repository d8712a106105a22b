// SPDX-License-Identifier: GPL-3.0-or-later
// Whether an image is as it was built, and what differs on a stick that was used. Used by `mendstick verify`.
// Reads only.
//
// Invariants
//   VE-1  A file that is on the bill and is missing or differs on the stick is a finding; what use changes
//         (logs, the stick's own id, the volume's tables and folders; another keyring, when it is whole) is a
//         note.
//   VE-2  It says what was compared with what: without a record outside of the stick, the stick's own bill
//         proves that nothing broke, not that nobody changed it.
//   VE-3  With the build's record (IMG.bill.json), each file is compared with that, and a stick of another
//         build is a finding; a record with a signature that does not hold is one, too.
#pragma once

#include <string>
#include <vector>

#include "image/progress.h"
#include "trust/trusted_keys.h"

namespace mend::image {

struct VerifyReport {
  std::vector<std::string> findings;  // what is wrong, a sentence each
  std::vector<std::string> notes;     // what was compared, and what differs by use
};

struct VerifyRequest {
  std::string path;            // an image or a whole disk
  std::string bmap;            // empty: `path`.bmap, where that is
  std::string record;          // IMG.bill.json of the build; empty: `path`.bill.json, where that is
  trust::TrustedKeys trusted;  // whose signature beside the record counts
};

// An image's .sha256 is looked for, too. kNotFound, kIo, kRefused (the disk is mounted), kUsage for a map or
// a record that is none.
VerifyReport verify_stick(const VerifyRequest& request, Progress& progress);

}  // namespace mend::image
