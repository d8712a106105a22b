// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of a journal file as bytes and as values; FORMAT.md tells the layout. Pure functions: no file, no
// disk. Used by journal.cc only.
//
// Invariants
//   R-1  Nothing is taken from bytes whose digest is not right.
//   R-2  What decodes, encodes to the same bytes: there is one form of everything.
#pragma once

#include "crypto/sha256.h"
#include "journal/journal.h"

namespace mend::journal::format {

// Everything starts at a multiple of this. Two marks never share a sector of a stick, whatever its size.
inline constexpr uint64_t kUnit = 4096;
inline constexpr uint64_t kMarkOffsets[2] = {0, kUnit};
inline constexpr uint64_t kHeaderOffset = 2 * kUnit;
inline constexpr uint64_t kTableOffset = 3 * kUnit;
inline constexpr size_t kEntryBytes = 64;
inline constexpr uint32_t kMaximumBlockBytes = 1u << 24;
inline constexpr size_t kMaximumTextBytes = 255;

using Id = std::array<uint8_t, 16>;

// One of the two state sectors.
struct Mark {
  State state = State::kEmpty;
  uint64_t sequence = 0;
  Id id{};
  uint64_t filetime = 0;
  crypto::Sha256Digest header_digest{};
};
// kUnit bytes. All that differs between two marks of a journal lies in the first 512.
ByteVector encode(const Mark& mark);
struct MarkSlot {
  enum class Kind { kAbsent, kDamaged, kGood };  // kAbsent: zeros, or the file ends before
  Kind kind = Kind::kAbsent;
  Mark mark;
};
MarkSlot decode_mark(Bytes unit);
// The mark that counts, or nothing when the journal was never valid. kCorrupt when it cannot be known.
std::optional<Mark> current_mark(const MarkSlot& first, const MarkSlot& second);

struct Header {
  uint32_t block_bytes = 0;
  Id id{};
  uint64_t created_filetime = 0;
  uint64_t file_bytes = 0;
  uint32_t entry_count = 0;
  crypto::Sha256Digest table_digest{};
  std::string run_id;
  Target target;
};
ByteVector encode(const Header& header);  // kUnit bytes
// kCorrupt; kUnsupported for a later version.
Header decode_header(Bytes unit);
crypto::Sha256Digest header_digest(Bytes unit);

inline constexpr uint8_t kOldImage = 0;
inline constexpr uint8_t kWitness = 0xFF;
struct Entry {
  uint64_t disk_offset = 0;
  uint64_t data_offset = 0;  // 0 for a witness
  uint32_t length = 0;
  uint8_t kind = kOldImage;  // kOldImage, a block::Stage, or kWitness
  crypto::Sha256Digest sha256{};
};
// All entries, filled up with zeros to a multiple of kUnit.
ByteVector encode(const std::vector<Entry>& entries);
// The entries of a table whose digest is right. kCorrupt when they are not in their one order, reach outside
// the disk or the file, do not belong together, or leave a gap.
std::vector<Entry> decode_table(Bytes table, const Header& header);
uint64_t table_bytes(uint64_t entry_count);

}  // namespace mend::journal::format
