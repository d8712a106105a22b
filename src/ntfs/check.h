// SPDX-License-Identifier: GPL-3.0-or-later
// The full consistency check: what chkdsk looks at in its first three stages (the list, with the
// source of each fact: CHECK.md). Reads only, in order, in large pieces.
//
// Invariants
//   NC-1  A healthy volume has no finding. What a check cannot decide it does not claim.
//   NC-2  Memory: one bit a cluster, one bit a record, and lists that grow with the number of
//         directories, not of files; under 128 MiB for a million files on 1 TiB. Of index blocks the
//         first and the last key are kept until the whole index was seen (IndexTree).
//   NC-3  A damaged record or block is a finding, never the end of the check; only a device error
//         is.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ntfs/volume.h"

namespace mend::ntfs {

enum class FindingKind {
  kBadRecord,         // a record in use that cannot be read, or contradicts itself
  kRecordBitmap,      // $MFT's bitmap and the record disagree
  kMirror,            // $MFTMirr differs from the first records
  kOverlap,           // a cluster in two runs
  kClusterNotMarked,  // in a run, free in $Bitmap: Windows would give it to somebody else
  kClusterLost,       // marked in $Bitmap, in no run: wasted space, harmless
  kBadIndex,          // an index that cannot be read, or whose order is wrong
  kEntryWithoutName,  // a directory entry whose record has no such name
  kNameWithoutEntry,  // a name in a record that its directory does not list
  kOrphanExtension,   // an extension record that no attribute list names
  kBadSecurity,       // $Secure contradicts itself, or a file names a security id that is not there
  kObjectId,          // $ObjId and the files that have object IDs disagree
  kReparsePoint,      // $Reparse and the files that are reparse points disagree
  kQuota,             // $Quota contradicts itself, or a file names an owner that is not there
  kSystemFile,        // a file of NTFS itself is missing or not what it must be
  kUnreachable,       // a folder from which no way leads to the root
};
std::string_view to_string(FindingKind kind);

struct Finding {
  static constexpr uint64_t kNoRecord = UINT64_MAX;
  FindingKind kind;
  uint64_t record = kNoRecord;                    // the file it is about
  uint64_t first_cluster = 0, cluster_count = 0;  // of the cluster kinds
  std::string what;                               // one sentence
  // Of the file, for the reader; empty: unknown. It says where damage is, not what it is: the same damage has
  // another path after a folder was moved, and counts as the same.
  std::string path;
  // By kind, record, clusters, sentence.
  bool operator==(const Finding& other) const;
  bool operator<(const Finding& other) const;
};

struct CheckReport {
  static constexpr size_t kMaximumFindings = 1000;
  std::vector<Finding> findings;  // sorted; at most kMaximumFindings
  uint64_t more_findings = 0;     // not kept
  uint64_t files = 0, directories = 0, records_in_use = 0, entries = 0;
  uint64_t clusters_in_use = 0;
  uint64_t bytes_read = 0, reads = 0;
  bool clean() const { return findings.empty() && more_findings == 0; }
};

struct CheckLimits {
  // What may be kept of the keys of all indexes that are half seen; the others are walked one by one.
  size_t key_bytes = 40 << 20;
};

// `progress`: 0 to 1, as it goes. Throws only on a device error (kIo), on a volume whose $MFT, $Bitmap or
// $UpCase cannot be read at all (kCorrupt), and what `progress` throws.
CheckReport check_full(Volume& volume, const std::function<void(double)>& progress = {},
                       const CheckLimits& limits = {});

// One file by itself: every attribute's runs decode, sizes agree with runs, names parse, the attribute list
// and the extension records agree, link count and names agree, a directory's index can be walked in order.
// Throws nothing but kIo. The touched check uses it on every file the plan named.
std::vector<Finding> check_file(Volume& volume, MftReference reference);

}  // namespace mend::ntfs
