// SPDX-License-Identifier: GPL-3.0-or-later
// What the operations of the log do to a FILE record and to an index block: bytes in, bytes out. Where they
// lie, whether they may change and what is written is the replay's business. Used for redo and undo alike.
// What each operation means, and from where that is known: LOGFILE.md.
//
// Invariants
//   NLO-1  A change that does not fit the structure as it is (an offset that is no attribute and no entry, an
//          entry that is another one, more bytes than there is room for) is kCorrupt "ntfs.log.change.*".
//   NLO-2  A structure that is returned proved whole afterwards: attributes or entries in a row, an end mark,
//          sizes that agree.
//   NLO-3  LSN and fixups are left alone, but in a full image.
#pragma once

#include "base/bytes.h"
#include "ntfs/log_codes.h"

namespace mend::ntfs {

struct LogChange {
  LogCode code = LogCode::kNoop;
  Bytes data;               // the bytes of this half, zeros where the record stores none
  size_t other_length = 0;  // of the other half, redo or undo
  Bytes other;              // its bytes, where stored
  uint16_t record_offset = 0;
  uint16_t attribute_offset = 0;
};

// Is it all of the structure, so that what stood there does not matter?
bool is_record_image(const LogChange& change);
bool is_block_image(const LogChange& change);

// `record`: fixups removed; of a full image zeros, or what stood there.
void change_file_record(MutableBytes record, uint64_t number, uint64_t cluster_count,
                        const LogChange& change);
// `block`: the same, of $INDEX_ALLOCATION. `vcn`: what it must say of its own place.
void change_index_block(MutableBytes block, uint64_t vcn, const LogChange& change);

// A node of an index in `whole`, a record or a block: its header at `at`, entries up to `end` at most.
struct IndexNode {
  MutableBytes whole;
  size_t at;
  size_t end;
};
// The operations on entries, that a root and a block share. kCorrupt. `change.attribute_offset` is replaced
// by `entry`, counted from the start of `whole`.
namespace index_node {
void check(const IndexNode& node);
size_t used(const IndexNode& node);  // from the header on
// Length of the entry that begins at `entry`, the last one of a node included; kCorrupt
// "ntfs.log.change.entry".
size_t entry_length(const IndexNode& node, size_t entry);
// The entry that goes is the one that the other half of the record holds, as far as it holds it.
void check_same(const IndexNode& node, size_t entry, Bytes other);
// Length of the entry in a payload.
size_t payload_length(Bytes data);
void set_used(const IndexNode& node, size_t bytes);
void set_child(const IndexNode& node, size_t entry, Bytes data);
void update_file_name(const IndexNode& node, size_t entry, Bytes data);
void update_data(const IndexNode& node, size_t entry, Bytes data);
}  // namespace index_node

}  // namespace mend::ntfs
