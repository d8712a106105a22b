// SPDX-License-Identifier: GPL-3.0-or-later
// What a checkpoint says and the tables it names: open attributes and their names, dirty pages, transactions;
// in the 64-bit form, and in the 32-bit form of older systems. Layouts: LOGFILE.md.
//
// Invariants
//   NLT-1  A table that contradicts itself is kCorrupt: sizes, the count of entries in use, an entry that
//          names what is not there.
//   NLT-2  A slot of the open attribute table may be used for one attribute after the other. find() tells
//          them apart by the LSN from which on each was open; a dirty page belongs to one of them.
//   NLT-3  At most kMostDirtyPages dirty pages are held.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ntfs/log_records.h"

namespace mend::ntfs {

struct LogCheckpoint {
  // A record of type kCheckpoint. kCorrupt, kUnsupported.
  static LogCheckpoint parse(const LogRecord& record);

  struct Dump {
    Lsn lsn = 0;  // 0: the table is empty
    uint32_t bytes = 0;
  };
  bool wide = true;  // 64-bit tables
  Lsn start = 0;     // analysis begins behind it; 0: behind the checkpoint itself
  Dump open_attributes, names, dirty_pages, transactions;
};

// The bytes of the table in a record that dumps one. `operation`: which one it must be. kCorrupt.
Bytes dumped_table(const LogRecord& record, uint16_t operation, uint32_t bytes);
// Calls use(offset, entry) for each entry in use. kCorrupt (NLT-1).
void for_each_table_entry(Bytes table, size_t least_entry_bytes,
                          const std::function<void(uint32_t offset, Bytes entry)>& use);

struct OpenAttribute {
  // An entry of the table. `wide`: its form. kCorrupt.
  static OpenAttribute parse(Bytes entry, bool wide);

  AttributeType type = AttributeType::kEnd;
  uint32_t block_bytes = 0;  // of $INDEX_ALLOCATION
  MftReference file;
  Lsn opened = 0;
  std::u16string name;

  bool is_mft() const { return type == AttributeType::kData && file.record == 0 && name.empty(); }
  std::string describe() const;  // "attribute 0xa0 $I30 of file 5"
};

class OpenAttributes {
 public:
  void add(uint32_t slot, OpenAttribute attribute);
  // The one that the slot was used for at that LSN; null: none.
  const OpenAttribute* find(uint32_t slot, Lsn at) const;
  void load(Bytes table, bool wide);
  void load_names(Bytes names);

 private:
  std::map<uint32_t, std::vector<OpenAttribute>> slots_;  // each in order of `opened`
};

// A page of 4096 bytes of an attribute, or a cluster where that is larger.
struct DirtyPage {
  static constexpr uint64_t kUnknown = UINT64_MAX;
  Lsn oldest = 0;              // that changed it since it was last written
  std::vector<uint64_t> lcns;  // of its clusters; 0: deleted since
};

class DirtyPages {
 public:
  static constexpr size_t kMostDirtyPages = 200000;

  explicit DirtyPages(uint32_t cluster_bytes);
  // kCorrupt, kUnsupported.
  void load(Bytes table, bool wide, const OpenAttributes& attributes, Lsn at);
  // The pages that hold [vcn, vcn + count) are dirty since `lsn` at the latest; their clusters are these.
  void note(uint32_t slot, const OpenAttribute& attribute, const LogOperation& operation, Lsn lsn);
  // null: not dirty.
  const DirtyPage* find(uint32_t slot, const OpenAttribute& attribute, uint64_t vcn) const;
  // kUnknown where no page is dirty or no record said.
  uint64_t lcn(uint32_t slot, const OpenAttribute& attribute, uint64_t vcn) const;
  void replace_lcn(uint32_t slot, const OpenAttribute& attribute, uint64_t vcn, uint64_t lcn);
  // `array`: pairs of first LCN and count. kCorrupt; kUnsupported when the log asks for it without end.
  void delete_clusters(Bytes array);

  bool empty() const { return pages_.empty(); }
  // The oldest LSN of all, where less than `limit`.
  Lsn oldest(Lsn limit) const;

 private:
  struct Key {
    uint32_t slot;
    Lsn opened;
    uint64_t vcn;
    auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr): a false alarm
  };
  Key key(uint32_t slot, const OpenAttribute& attribute, uint64_t vcn) const {
    return {slot, attribute.opened, vcn - vcn % clusters_};
  }
  DirtyPage& page(const Key& key, Lsn oldest);

  uint64_t clusters_;  // of a page
  uint64_t deletion_work_ = 0;
  std::map<Key, DirtyPage> pages_;
};

struct Transaction {
  enum class State : uint8_t { kActive = 1, kPrepared = 2, kCommitted = 3 };
  State state = State::kActive;
  Lsn first = 0;
  Lsn undo_next = 0;
};

class Transactions {
 public:
  void load(Bytes table);
  Transaction& at(uint32_t id, Lsn first);
  void forget(uint32_t id) { entries_.erase(id); }
  const std::map<uint32_t, Transaction>& all() const { return entries_; }

 private:
  std::map<uint32_t, Transaction> entries_;
};

}  // namespace mend::ntfs
