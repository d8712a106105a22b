// SPDX-License-Identifier: GPL-3.0-or-later
// What the crash tests of real volumes share.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "ntfs/check.h"
#include "ntfs/state.h"
#include "repair/operator.h"
#include "tests/crash/harness.h"
#include "tests/support/catch.h"
#include "tests/support/memory_device.h"

namespace mend::test {

class Nobody : public repair::Operator {
 public:
  void progress(repair::Phase, std::string_view, double) override {}
  void tell(std::string_view) override {}
  bool wants_to_stop() override { return false; }
};

inline void shell(const std::string& command) {
  INFO(command);
  REQUIRE(std::system((command + " >/dev/null 2>&1").c_str()) == 0);
}

inline ByteVector read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// All but the log, the record of $Volume with its flag, and the copy of that record.
inline ByteVector content_of(const ByteVector& disk) {
  MemoryDevice device{ByteVector(disk)};
  ntfs::Volume volume(device);
  const ntfs::Geometry geometry = ntfs::read_geometry(device);
  std::vector<ntfs::Range> ranges = volume.record_ranges(ntfs::system_record::kVolume);
  ranges.push_back(
      {geometry.mirror_lcn * geometry.cluster_bytes + 3 * geometry.record_bytes, geometry.record_bytes});
  const auto log = volume.open_record(ntfs::system_record::kLogFile).stream(ntfs::AttributeType::kData);
  for (const ntfs::Range& range : log->ranges(0, log->size_bytes())) ranges.push_back(range);
  for (const ntfs::Range& range : ranges)
    device.write(range.offset, ByteVector(static_cast<size_t>(range.length)));
  return device.bytes;
}

inline void cut_everywhere(CrashMatrix& matrix, const std::string& name) {
  {
    MemoryDevice after{ByteVector(matrix.after())};
    ntfs::Volume volume(after);
    CHECK(ntfs::check_full(volume).clean());
    CHECK(ntfs::read_state(volume).safe());
  }
  matrix.cut_everywhere();
  matrix.use_after_every_cut();
  matrix.fail_disk_everywhere();
  matrix.pull_stick_everywhere();
  const Counts& counts = matrix.counts();
  std::cout << name << ": " << counts.cuts << " cuts, " << counts.nested_cuts << " nested, " << counts.uses
            << " uses by another, " << counts.disk_failures << " disk failures, " << counts.pulled_sticks
            << " pulled sticks" << std::endl;
  CHECK(counts.cuts > 0);
  CHECK(counts.nested_cuts > 0);
  CHECK(counts.uses > 0);
}

}  // namespace mend::test
