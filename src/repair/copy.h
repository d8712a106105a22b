// SPDX-License-Identifier: GPL-3.0-or-later
// Looking closer without changing anything: the unlocked volume as a file, and the consistency check.
#pragma once

#include "ntfs/check.h"
#include "repair/operator.h"
#include "repair/report.h"
#include "repair/request.h"

namespace mend::repair {

struct CopyResult {
  std::string volume;
  uint64_t size_bytes = 0, bytes_written = 0;  // the rest are holes
};
// Writes the plaintext of one volume to a new sparse file. `partition`: its number; none: the only Windows
// volume, or the only one that can be opened. The file appears under its name when it is whole. kUsage (which
// volume?), kWrongKey, kRefused (the file exists), kIo.
CopyResult decrypt(Request& request, std::optional<uint32_t> partition, const std::string& output,
                   Operator& person);

struct CheckedVolume {
  VolumeReport report;
  std::optional<ntfs::CheckReport> check;  // none: it could not be opened; `report` says why
};
struct CheckResult {
  std::vector<CheckedVolume> volumes;
  // 0: all sound; 1: something was found, or a volume could not be opened; 3: no volume; 4: a device error.
  int exit_status = 0;
};
CheckResult check(Request& request, Operator& person);
nlohmann::ordered_json to_json(const CheckResult& result);

}  // namespace mend::repair
