// SPDX-License-Identifier: GPL-3.0-or-later
// The workings of check_full(). One round over $MFT and the index blocks counts, in sums of hashes;
// only if something does not come out even, a second round names what it was.
//
// Invariants
//   NC-5  Every record and every index block goes through check_record and check_node in both
//         rounds, in the same order, so that the second finds what the first summed up.
#pragma once

#include "ntfs/check.h"
#include "ntfs/check_sets.h"
#include "ntfs/index.h"

namespace mend::ntfs {

class Checker {
 public:
  Checker(Volume& volume, const std::function<void(double)>& progress);
  CheckReport run();

 private:
  // Blocks of one index that lie together on the volume, a megabyte at most.
  struct Piece {
    uint64_t offset = 0;  // bytes on the volume
    uint64_t owner = 0;   // packed reference of the index's file
    uint64_t first_vcn = 0;
    uint32_t blocks = 0;
    uint8_t block_shift = 0;  // log2 of a block's bytes
    uint8_t vcn_shift = 0;    // log2 of the bytes of one VCN
    uint8_t tag = 0;          // tells the indexes of one file apart
    bool directory = false;   // else a view index
  };
  // What one round must know of an index.
  struct IndexOf {
    uint64_t owner = 0;
    uint8_t tag = 0;
    bool directory = false;
  };
  enum class Round { kCounting, kNaming };
  // What the naming round keeps from uneven buckets; the two of a pair cancel out.
  struct Suspect {
    uint64_t hash;
    bool added;
    FindingKind kind;
    uint64_t record;
    uint64_t other;
    std::u16string name;
  };

  // check_records.cc: $MFT from end to end.
  void read_records();
  void check_records(MutableBytes piece, uint64_t first_record);
  void check_record(const RecordView& record);
  void check_name(const RecordView& record, uint64_t owner, const Attribute& attribute);
  void check_runs(const RecordView& record, uint64_t owner, const Attribute& attribute, bool whole);
  // Files with an attribute list, and indexes whose bitmap is not resident, are opened after the pass.
  void check_deferred();
  void check_listed(const File& file);

  // check_indexes.cc
  void check_root(uint64_t owner, const Attribute& attribute);
  void plan_index(const RecordView& record, const Attribute& allocation);
  void plan_index_of(const File& file, const Attribute& root);
  void plan_blocks(const IndexOf& index, const IndexRootView& root, const RunList& runs, uint64_t size_bytes,
                   Bytes bitmap);
  void plan_block(const Piece& block);
  void read_blocks();
  void check_blocks(const Piece& piece, MutableBytes blocks);
  void check_odd_block(const Piece& block);
  void check_block(const IndexOf& index, uint64_t vcn, MutableBytes block);
  void check_node(const IndexOf& index, Bytes node);

  // check_full.cc
  void check_record_bitmap();
  void check_cluster_bitmap();
  void check_mirror();
  void name_offenders();
  void report_suspects();
  void note_run(uint64_t owner, const Run& run);

  // In the naming round this does nothing: the counting round has said it already.
  void find(FindingKind kind, uint64_t record, std::string what);
  void report(Finding finding);
  void weigh(Balance& balance, bool add, uint64_t hash, FindingKind kind, uint64_t record, uint64_t other,
             Bytes name_le = {});
  void tell(double fraction);

  Volume& volume_;
  const std::function<void(double)>& progress_;
  const Upcase& upcase_;
  Round round_ = Round::kCounting;
  CheckReport report_;
  ClusterMap clusters_;
  ClusterSet overlaps_;
  ClusterSet unmarked_;
  std::vector<uint64_t> records_in_use_;  // bits
  std::vector<uint64_t> deferred_;        // record numbers
  std::vector<Piece> pieces_;
  std::vector<Piece> odd_blocks_;  // blocks that their run list tears apart
  Balance names_;                  // names of records against entries of directories
  Balance blocks_;                 // index blocks in use against the entries that lead to them
  Balance extensions_;             // extension records against the lists that name them
  std::vector<Suspect> suspects_;
};

}  // namespace mend::ntfs
