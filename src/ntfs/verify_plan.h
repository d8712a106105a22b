// SPDX-License-Identifier: GPL-3.0-or-later
// What a plan leaves behind, worked out on the volume as it was: which names each file has at the end, which
// files are gone, which directories change and by which entries. Used by verify.cc and touched.cc.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "ntfs/change_journal.h"
#include "ntfs/verify.h"

namespace mend::ntfs {

struct ExpectedFile {
  MftReference reference;
  bool created = false;
  bool is_directory = false;
  std::vector<Link> before;  // empty for what is created
  std::vector<Link> after;

  bool deleted() const { return !created && after.empty(); }
};

// An entry of a directory: the name and whose it is.
struct ExpectedEntry {
  std::u16string name;
  MftReference file;
  auto operator<=>(const ExpectedEntry&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

struct ExpectedDirectory {
  MftReference reference;
  std::set<ExpectedEntry> removed, added;
};

struct Expectation {
  std::map<uint64_t, ExpectedFile> files;             // by record
  std::map<uint64_t, ExpectedDirectory> directories;  // by record; those whose entries change
  std::optional<uint16_t> volume_flags;
  bool hibernation_header = false;
  std::optional<MftReference> change_journal;  // to which `changes` are appended
  std::vector<Change> changes;                 // what the edits did to files, in order
};

// kRefused "ntfs.verify.plan" when the edits contradict the volume or each other; kUnsupported as
// with_paired_name().
Expectation expect(Volume& before, std::span<const PlannedEdit> edits);

}  // namespace mend::ntfs
