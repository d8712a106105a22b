// SPDX-License-Identifier: GPL-3.0-or-later
// $LogFile as a ring of pages: found on a volume, read in large pieces, its pages proved, the newer copies in
// front of the ring put in the place of their home pages, and its true end found. Used by the replay and by
// what asks how a volume was left. It never writes; it borrows the reader.
//
// Invariants
//   NLF-1  A page that is delivered was whole: magic and fixups are right. A torn page is no page.
//   NLF-2  A copy stands for its home page only where it is newer, or where the home page is no page.
//   NLF-3  The end is the last record that ends in a row of pages that continue each other. A page behind it
//          that belongs to a later transfer is damage, never skipped.
//   NLF-4  At most kChunks pieces of kChunkBytes are in memory.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "block/block_device.h"
#include "ntfs/boot_sector.h"
#include "ntfs/log_page.h"
#include "ntfs/types.h"

namespace mend::ntfs {

// Where the log lies: MFT record 2, or its copy in $MFTMirr, read without $MFT, which may need the replay
// itself.
class LogSource {
 public:
  // kCorrupt "ntfs.log.record" when neither record says where the log is.
  LogSource(block::BlockReader& volume, const Geometry& geometry);

  uint64_t size_bytes() const { return size_bytes_; }
  void read(uint64_t offset, MutableBytes out);
  // Where [offset, offset + length) of the log lies on the volume.
  std::vector<Range> ranges(uint64_t offset, uint64_t length) const;

 private:
  bool load(uint64_t record_offset);

  block::BlockReader& volume_;
  const Geometry geometry_;
  RunList runs_;
  uint64_t size_bytes_ = 0;
};

class LogFile {
 public:
  static constexpr uint64_t kChunkBytes = 1 << 20;
  static constexpr size_t kChunks = 64;

  LogFile(block::BlockReader& volume, const Geometry& geometry);

  LogSource& source() { return source_; }
  // nullopt: neither restart page is whole.
  const std::optional<RestartPage>& restart() const { return restart_; }
  // All 0xFF, where a live log has its restart pages and its first records.
  bool blank() const { return blank_; }

  // The rest wants a log that is to be replayed.
  // Reads the copies in front of the ring and finds the end. kCorrupt "ntfs.log.end.*", kUnsupported.
  void open_ring();
  const LsnSpace& space() const { return space_; }
  // LSN of the last record that is whole.
  Lsn end() const { return end_; }
  // A page of the ring; null: no whole page. Valid until the next call.
  const RecordPage* page(uint64_t number);

 private:
  struct Chunk {
    uint64_t number = 0;
    uint64_t used_at = 0;
    ByteVector bytes;
    std::vector<bool> seen;   // fixups were looked at
    std::vector<bool> whole;  // and are removed
  };
  Chunk& chunk(uint64_t number);
  std::optional<RecordPage> home_page(uint64_t number);
  void install_copies();
  void install(ByteVector copy, uint64_t home_offset);
  void find_end();
  void check_behind(uint64_t hole, uint64_t pages_left, unsigned position, Lsn last);

  LogSource source_;
  std::optional<RestartPage> restart_;
  bool blank_ = false;
  LsnSpace space_;
  Lsn end_ = 0;
  std::map<uint64_t, ByteVector> copies_;  // home page → what stands for it
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::unordered_map<uint64_t, size_t> chunk_slots_;
  uint64_t clock_ = 0;
  std::optional<RecordPage> current_;  // what page() delivered last
  uint64_t current_number_ = 0;
};

}  // namespace mend::ntfs
