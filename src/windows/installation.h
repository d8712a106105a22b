// SPDX-License-Identifier: GPL-3.0-or-later
// Which Windows is on a volume: by what is there, not by the volume's number or letter. Used by scan and
// repair. It reads through ntfs::Volume only, and writes nothing.
//
// Invariants
//   W-1  A hive never fails a repair: what cannot be read from it is left empty, and `warnings` says why.
//   W-2  Hives stay in memory, each held once and one at a time; no byte of them reaches any file system.
//   W-3  hivex runs in a child process with limits, so that a hostile hive cannot crash, hang or fill this
//   one. W-4  Every text is valid UTF-8 of bounded length without control characters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ntfs/volume.h"

namespace mend::windows {

struct Installation {
  std::string windows_directory;    // at the root, as the volume spells it: "Windows"
  std::string host;                 // from SYSTEM; empty when not known
  std::string product;              // "Windows 10 Pro"; "Windows 11" where the build says so (see FORMAT.md)
  std::string edition;              // EditionID: "Professional"
  std::string display_version;      // "22H2"; ReleaseId where there is no DisplayVersion
  uint32_t build = 0;               // 0 when not known
  uint32_t ubr = 0;                 // the last part of 10.0.19045.4651
  std::string time_zone;            // TimeZoneKeyName: "W. Europe Standard Time"
  std::optional<int> bias_minutes;  // UTC = local + bias, as it was in force when Windows last ran
  bool hiberboot_enabled = false;   // fast startup: a shut-down PC may still be hibernated
  std::vector<std::string> warnings;
};

// All installations on the volume: directories at its root with System32\config\SYSTEM and
// System32\ntoskrnl.exe. Windows.old and copies in deeper folders do not start and are not listed. Throws
// what the volume throws (kIo, kCorrupt) where the root itself cannot be read; nothing for what is in the
// hives.
std::vector<Installation> find_installations(ntfs::Volume& volume);

}  // namespace mend::windows
