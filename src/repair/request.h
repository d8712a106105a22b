// SPDX-License-Identifier: GPL-3.0-or-later
// What a run is asked to do, from `mend`'s options or the console: values only.
#pragma once

#include <string>
#include <vector>

#include "bitlocker/unlock.h"

namespace mend::repair {

enum class CheckDepth { kTouched, kFull };

struct Request {
  std::vector<std::string> disks;      // paths; empty: every internal disk (on the stick only)
  std::vector<std::string> manifests;  // files
  bitlocker::Credentials credentials;
  bool any_volume = false;  // not only Windows system volumes
  CheckDepth check = CheckDepth::kTouched;
  bool allow_dirty = false;          // goes on with the dirty flag set, never with an open log
  bool discard_hibernation = false;  // zeroes the header page of hiberfil.sys
  bool dry_run = false;
  std::string audit_directory;
};

}  // namespace mend::repair
