// SPDX-License-Identifier: GPL-3.0-or-later
// The workings of check_full(). One round over $MFT and the index blocks counts, in sums of hashes;
// only if something does not come out even, a second round names what it was.
//
// Invariants
//   NC-5  Every record and every index block goes through check_record and check_node in both
//         rounds, in the same order, so that the second finds what the first summed up.
#pragma once

#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>

#include "base/error.h"
#include "ntfs/check.h"
#include "ntfs/check_rules.h"
#include "ntfs/check_sets.h"
#include "ntfs/check_tree.h"
#include "ntfs/index.h"

namespace mend::ntfs {

// An entry of $Secure:$SII or $SDH: where a security descriptor lies in $SDS. +0x00 hash, +0x04 id, +0x08
// offset, +0x10 length with this header; the same 20 bytes stand before the descriptor.
struct SecurityDescriptorAt {
  uint32_t id = 0, hash = 0;
  uint64_t offset = 0;
  uint32_t length = 0;
  auto operator<=>(const SecurityDescriptorAt&) const =
      default;  // NOLINT(modernize-use-nullptr): a false alarm
};

// What of a name must be the same in record and index, beside its text: the name space, and whether it is a
// folder's. Times and sizes are copies that may be stale.
inline uint64_t name_tag(const FileNameView& name) {
  return static_cast<uint64_t>(name.name_space()) +
         ((name.attributes() & file_attribute::kDirectory) != 0 ? 8U : 0U);
}

// Fills in the paths of the files that the findings are about, as far as they can be followed.
void add_paths(Volume& volume, std::vector<Finding>& findings);

class Checker {
 public:
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;
  Checker(Volume& volume, const std::function<void(double)>& progress, const CheckLimits& limits);
  CheckReport run();

 private:
  // The view indexes whose entries other records bear out.
  enum class View : uint8_t { kOther, kObjectIds, kReparsePoints };
  // What one round must know of an index.
  struct IndexOf {
    uint64_t owner = 0;  // packed reference of the index's file
    uint8_t tag = 0;     // tells the indexes of one file apart
    bool directory = false;
    View view = View::kOther;
    Collation collation = Collation::kFileName;
  };
  // One that has blocks. Its tree goes when all of them have been seen.
  struct PlannedIndex {
    IndexOf index;
    uint8_t block_shift = 0;   // log2 of a block's bytes
    uint8_t vcn_shift = 0;     // log2 of the bytes of one VCN
    bool too_large = false;    // for its tree to be kept: walked afterwards
    uint32_t blocks_left = 0;  // to be seen
    std::unique_ptr<IndexTree> tree;
  };
  // Blocks of one index that lie together on the volume, a megabyte at most.
  struct Piece {
    uint64_t offset = 0;  // bytes on the volume
    uint64_t first_vcn = 0;
    uint32_t blocks = 0;
    uint32_t index = 0;  // in indexes_
  };
  // A folder and the one that it says it is in.
  struct FolderIn {
    uint64_t folder, parent;  // records
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
  void check_attribute(const RecordView& record, uint64_t owner, const Attribute& attribute, bool whole);
  void check_name(const RecordView& record, uint64_t owner, const Attribute& attribute);
  void check_runs(const RecordView& record, uint64_t owner, const Attribute& attribute, bool whole);
  void check_whole_sizes(const RecordView& record, const Attribute& attribute, uint64_t clusters_taken);
  void check_total_size(uint64_t record, const Attribute& attribute, uint64_t clusters_taken);
  void check_base(const RecordView& record, bool has_list);
  void check_reparse(uint64_t owner, const Attribute& attribute);
  // Files with an attribute list, and indexes whose bitmap is not resident, are opened after the pass.
  void check_deferred();
  void check_listed(const File& file);
  void check_list_order(const File& file);
  void check_names(uint64_t record, uint16_t link_count);

  // check_indexes.cc: where the blocks of the indexes are.
  static uint8_t index_tag(Bytes name_le);
  IndexOf index_of(uint64_t owner, Bytes name_le, const IndexRootView& root) const;
  void check_root(uint64_t owner, const Attribute& attribute);
  void plan_index(const RecordView& record, const Attribute& allocation);
  void plan_index_of(const File& file, const Attribute& root);
  void plan_blocks(const IndexOf& index, const IndexRootView& root, const RunList& runs, uint64_t size_bytes,
                   Bytes bitmap);
  void plan_block(const Piece& block);
  void read_blocks();

  // check_blocks.cc: what is in them.
  void check_blocks(const Piece& piece, MutableBytes blocks);
  void check_odd_block(const Piece& block);
  void check_block(PlannedIndex& index, uint64_t vcn, MutableBytes block);
  void check_node(const IndexOf& index, Bytes node);
  void check_entry(const IndexOf& index, const IndexEntry& entry);
  void check_key_order(const IndexOf& index, Bytes previous, Bytes key);
  int compare_keys(const IndexOf& index, Bytes a, Bytes b) const;
  void keep_node(PlannedIndex& index, uint64_t vcn, Bytes node);
  void finish_tree(PlannedIndex& index);
  void walk_large_indexes();

  // check_security.cc: $Secure; then the ids that files name.
  void read_security();
  void check_descriptors(const File& secure, const std::vector<SecurityDescriptorAt>& descriptors);
  void check_information(const RecordView& record, const Attribute& attribute);

  // check_system.cc: what NTFS keeps for itself.
  void read_system_files();
  void read_attribute_table();
  void read_quota(const File& quota);
  void check_upcase();
  void check_system_records();
  void check_folders();

  // check_full.cc
  void check_record_bitmap();
  void check_cluster_bitmap();
  void check_mirror();
  void name_offenders();
  void report_suspects();
  static std::string sentence(const Suspect& suspect);
  void note_run(uint64_t owner, const Run& run);

  // In the naming round this does nothing: the counting round has said it already.
  void find(FindingKind kind, uint64_t record, std::string what);
  void report(Finding finding);
  void weigh(Balance& balance, bool add, uint64_t hash, FindingKind kind, uint64_t record, uint64_t other,
             Bytes name_le = {});
  void tell(double fraction);
  // Runs it; damage that it throws is a finding.
  template <typename Action>
  void guarded(FindingKind kind, uint64_t record, Action&& action);

  Volume& volume_;
  const std::function<void(double)>& progress_;
  const CheckLimits limits_;
  const Upcase& upcase_;
  Round round_ = Round::kCounting;
  CheckReport report_;
  ClusterMap clusters_;
  ClusterSet overlaps_;
  ClusterSet unmarked_;
  std::vector<uint64_t> records_in_use_;  // bits
  std::vector<uint64_t> deferred_;        // record numbers
  std::vector<PlannedIndex> indexes_;
  size_t tree_bytes_ = 0;
  std::vector<Piece> pieces_;
  std::vector<Piece> odd_blocks_;  // blocks that their run list tears apart
  Balance names_;                  // names of records against entries of directories
  Balance blocks_;                 // index blocks in use against the entries that lead to them
  Balance extensions_;             // extension records against the lists that name them
  Balance object_ids_;             // object IDs of files against $ObjId
  Balance reparse_points_;         // reparse points against $Reparse
  const std::array<Balance*, 5> balances_{&names_, &blocks_, &extensions_, &object_ids_, &reparse_points_};
  AttributeTable attribute_table_;
  std::optional<uint64_t> object_id_file_, reparse_file_;  // records
  // Sorted; nullopt: the volume keeps none, or they cannot be read.
  std::optional<std::vector<uint32_t>> security_ids_, owner_ids_;
  uint32_t last_security_id_ = 0;  // that was found
  std::vector<FolderIn> folders_;
  std::vector<NameOf> names_of_file_;  // of the one that is looked at
  std::vector<Suspect> suspects_;
};

template <typename Action>
void Checker::guarded(FindingKind kind, uint64_t record, Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kIo) throw;
    find(kind, record, fmt::format("file {}: {}", record, error.what()));
  }
}

}  // namespace mend::ntfs
