// SPDX-License-Identifier: GPL-3.0-or-later
// A healthy volume with a few of everything, and tables of faults: each breaks exactly one thing, and the
// check has to name it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ntfs/check.h"
#include "ntfs/fixup.h"
#include "ntfs/index.h"
#include "tests/support/catch.h"
#include "tests/support/skip.h"
#include "tests/unit/ntfs/builder.h"

namespace mend::test {

struct FaultyVolume {
  VolumeBuilder builder;
  ntfs::MftReference folder, inner, file, other, paired, point, identified, sparse, listed;
  uint64_t extension = 0;  // the record that `listed` goes on in

  FaultyVolume();
  FaultyVolume(FaultyVolume& from);

  ByteVector& disk() { return builder.device().bytes; }
  uint64_t first_cluster(ntfs::MftReference reference) {
    return builder.volume().open(reference).stream(ntfs::AttributeType::kData)->runs().at(0).lcn;
  }
  // Changes a record without its fixups.
  void edit_record(uint64_t number, const std::function<void(ByteVector&)>& change) {
    ByteVector record = builder.record(number);
    change(record);
    builder.store_record(number, std::move(record));
  }
  // `change` gets the record and the offset of its attribute.
  void edit_attribute(uint64_t number, ntfs::AttributeType type, std::u16string_view name,
                      const std::function<void(ByteVector&, size_t)>& change);
  // `change` gets the index block (not VCN) of the folder without its fixups.
  void edit_block(size_t number, const std::function<void(ByteVector&)>& change);
  ntfs::Range block_place(size_t number);
  // Bytes of a stream of a file, changed in place on the disk.
  void edit_stream(uint64_t record, std::u16string_view stream, uint64_t offset,
                   const std::function<void(MutableBytes)>& change, size_t length);
  ntfs::CheckReport report() {
    ntfs::Volume volume(builder.device());
    return ntfs::check_full(volume);
  }
};

struct Fault {
  const char* what;
  ntfs::FindingKind kind;
  // The record that the finding must name.
  std::function<uint64_t(FaultyVolume&)> record;
  const char* says;  // a part of its sentence
  std::function<void(FaultyVolume&)> plant;
};

// Every fault on a fresh copy of the same volume, which has no finding before.
void expect_faults(const std::vector<Fault>& faults);

}  // namespace mend::test
